//! How the host is told to stop: the first signal asks, the second one insists.

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// Exit code of a process that was interrupted twice, as shells count it.
const INTERRUPTED: i32 = 130;

/// Starts to listen for SIGTERM and ctrl-c. The receiver turns `true` at the first one; at the second
/// the process ends at once, and what was in flight goes on at the next start.
///
/// # Errors
/// The system does not let us listen.
pub(crate) fn stop_signal() -> std::io::Result<watch::Receiver<bool>> {
    let (tell, told) = watch::channel(false);
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(async move {
        let mut either = async || {
            tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            }
        };
        let first = either().await;
        tracing::info!(signal = first, "stopping; once more to stop at once");
        let _ = tell.send(true);
        let second = either().await;
        tracing::warn!(signal = second, "stopping at once");
        std::process::exit(INTERRUPTED);
    });
    Ok(told)
}
