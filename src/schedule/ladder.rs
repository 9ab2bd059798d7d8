//! The steps by which a container is stopped: ask, insist, kill.

use std::time::Duration;

use crate::model::StopReason;

/// A signal for the container's first process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signal {
    /// SIGINT: pytest and behave still write their reports.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGKILL.
    Kill,
}

/// How far the stopping of one container has got.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ladder {
    pub(super) why: StopReason,
    sent: Signal,
    next_at: Duration,
    kill_at: Duration,
}

impl Ladder {
    /// Begins with SIGINT now; SIGTERM follows after three quarters of the grace and SIGKILL after the whole.
    ///
    /// Most of the grace is SIGINT's, because frameworks still write their reports then, and SIGTERM ends most at once.
    pub(super) fn begin(why: StopReason, now: Duration, grace: Duration) -> (Self, Signal) {
        let next_at = now.saturating_add(grace.mul_f64(0.75));
        let kill_at = now.saturating_add(grace);
        (Self { why, sent: Signal::Interrupt, next_at, kill_at }, Signal::Interrupt)
    }

    /// Begins with SIGKILL.
    pub(super) fn kill_at_once(why: StopReason) -> (Self, Signal) {
        (Self { why, sent: Signal::Kill, next_at: Duration::MAX, kill_at: Duration::MAX }, Signal::Kill)
    }

    /// Returns the next signal when its time has come.
    pub(super) fn advance(&mut self, now: Duration) -> Option<Signal> {
        if now < self.next_at {
            return None;
        }
        match self.sent {
            Signal::Interrupt => {
                self.sent = Signal::Terminate;
                self.next_at = self.kill_at;
                Some(Signal::Terminate)
            }
            Signal::Terminate => self.kill(),
            Signal::Kill => None,
        }
    }

    /// Goes to SIGKILL now, unless it was sent already.
    pub(super) fn kill(&mut self) -> Option<Signal> {
        self.next_at = Duration::MAX;
        (self.sent < Signal::Kill).then(|| {
            self.sent = Signal::Kill;
            Signal::Kill
        })
    }

    /// Returns when the next signal is due, if one is.
    pub(super) fn due(&self) -> Option<Duration> {
        (self.next_at < Duration::MAX).then_some(self.next_at)
    }
}
