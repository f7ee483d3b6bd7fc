//! Answers requests until the host stops; requests in flight are answered first.

use tokio::{net::TcpListener, sync::watch};

use crate::{Api, router};

/// Serves the API on a listener until `stop` turns true.
///
/// # Errors
/// The listener failed.
pub async fn serve(listener: TcpListener, api: Api, mut stop: watch::Receiver<bool>) -> std::io::Result<()> {
    let stopped = async move {
        // A sender that is gone means the same as one that says stop.
        let _ = stop.wait_for(|stop| *stop).await;
    };
    axum::serve(listener, router(api)).with_graceful_shutdown(stopped).await
}
