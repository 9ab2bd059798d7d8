//! Signals of the operating system as requests to cancel.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

use super::Cancel;
use crate::model::CancelReason;

/// Turns SIGINT, SIGTERM and SIGHUP into requests until the returned task is aborted.
///
/// # Errors
/// If the system refuses to install a handler.
pub fn cancel_on_signals(cancel: Cancel) -> io::Result<JoinHandle<()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(tokio::spawn(async move {
        loop {
            let reason = tokio::select! {
                _ = interrupt.recv() => CancelReason::Interrupt,
                _ = terminate.recv() => CancelReason::Terminate,
                _ = hangup.recv() => CancelReason::Terminate,
            };
            cancel.request(reason);
        }
    }))
}
