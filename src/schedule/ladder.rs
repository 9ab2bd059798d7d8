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
    step: Duration,
}

impl Ladder {
    /// Begins with SIGINT now; SIGTERM follows after half of the grace and SIGKILL after the whole.
    pub(super) fn begin(why: StopReason, now: Duration, grace: Duration) -> (Self, Signal) {
        let step = grace / 2;
        (Self { why, sent: Signal::Interrupt, next_at: now + step, step }, Signal::Interrupt)
    }

    /// Begins with SIGKILL.
    pub(super) fn kill_at_once(why: StopReason) -> (Self, Signal) {
        (Self { why, sent: Signal::Kill, next_at: Duration::MAX, step: Duration::ZERO }, Signal::Kill)
    }

    /// Returns the next signal when its time has come.
    pub(super) fn advance(&mut self, now: Duration) -> Option<Signal> {
        if now < self.next_at {
            return None;
        }
        match self.sent {
            Signal::Interrupt => {
                self.sent = Signal::Terminate;
                self.next_at = now + self.step;
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
