//! When the program is told to stop, in each system's own way.

use std::io;

use tokio::signal;

/// Returns when the first interrupt or request to terminate arrives. Set up before the first line is printed, so that
/// whoever reads that line may stop the program at once.
#[cfg(unix)]
pub(super) fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
pub(super) fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without a handler, the system ends the program itself.
        let _ = signal::ctrl_c().await;
    })
}
