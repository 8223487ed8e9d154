//! The program: see `concord --help`.

/// Pages and feeds are made of many small pieces: this one gives them out faster than the system's own.
#[cfg(feature = "ssr")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[cfg(feature = "ssr")]
#[tokio::main]
async fn main() -> std::process::ExitCode {
    match concord::app::run().await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => complain(&error),
    }
}

/// Says what went wrong, without the places in the code that `RUST_BACKTRACE` would add: they help nobody who typed a wrong name.
#[cfg(feature = "ssr")]
#[expect(clippy::disallowed_macros, reason = "the last words of a command belong on the terminal, not in the log")]
fn complain(error: &anyhow::Error) -> std::process::ExitCode {
    eprintln!("Error: {error:#}");
    std::process::ExitCode::FAILURE
}

/// The browser's half is the library; this keeps `cargo` content without the server's features.
#[cfg(not(feature = "ssr"))]
fn main() {}
