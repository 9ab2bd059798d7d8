//! The end of a run's text: what its sink has not told yet, and the summary. The reports are written by then, so a terminal
//! that takes nothing any more is waited for, but not for ever.

use std::io::{self, Write};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use crate::report::terminal::Watch;

/// How long standard error may take nothing at all before minke ends without its last words.
const STALLED: Duration = Duration::from_secs(30);
/// How often a sink that is behind is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// How much is written at once, in bytes; a text that is not longer stays in one piece.
const PIECE: usize = 16 << 10;

/// Writes a text to standard error when the sink has told everything. Ctrl-C ends the waiting.
pub(super) async fn write_last(watch: &Watch, text: String) {
    let interrupted = async {
        match signal(SignalKind::interrupt()) {
            Ok(mut signals) => drop(signals.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    let telling = async {
        if has_told_all(watch).await {
            write(text).await;
        }
    };
    tokio::select! {
        () = telling => {}
        () = interrupted => {}
    }
}

/// Waits until the sink is gone; `false` when it is stalled.
async fn has_told_all(watch: &Watch) -> bool {
    let mut told = watch.printed();
    let mut since = Instant::now();
    while let Some(now) = watch.printed() {
        if told != Some(now) {
            told = Some(now);
            since = Instant::now();
        }
        if since.elapsed() > STALLED {
            return false;
        }
        sleep(LOOK).await;
    }
    true
}

/// Writes in a thread that is left behind when it is stalled.
async fn write(text: String) {
    // Unbounded: it holds a mark for each piece of the text.
    let (written, mut pieces) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let mut out = io::stderr().lock();
        for piece in text.as_bytes().chunks(PIECE) {
            // A closed terminal changes nothing about the run.
            if out.write_all(piece).is_err() || written.send(()).is_err() {
                return;
            }
        }
    });
    while let Ok(Some(())) = timeout(STALLED, pieces.recv()).await {}
}
