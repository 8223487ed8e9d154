//! The program: see `concord --help`.

#[cfg(feature = "ssr")]
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    concord::app::run().await
}

/// The browser's half is the library; this keeps `cargo` content without the server's features.
#[cfg(not(feature = "ssr"))]
fn main() {}
