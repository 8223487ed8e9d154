//! The program: see `concord --help`.

/// Pages and feeds are made of many small pieces: this one gives them out faster than the system's own.
#[cfg(feature = "ssr")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[cfg(feature = "ssr")]
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    concord::app::run().await
}

/// The browser's half is the library; this keeps `cargo` content without the server's features.
#[cfg(not(feature = "ssr"))]
fn main() {}
