//! Follows the output of running shards, line by line.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use crate::model::ShardId;

use super::lines::Lines;
use super::log;
use super::output::logs_of;
use super::palette::{Colours, paint};

/// How often the files are looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How much of a file is taken at once, so that every shard has its turn.
const PIECE: usize = 64 << 10;
/// The colours of the tags, dealt out in turn.
const TAGS: [AnsiColor; 6] =
    [AnsiColor::Cyan, AnsiColor::Yellow, AnsiColor::Green, AnsiColor::Magenta, AnsiColor::Blue, AnsiColor::BrightCyan];

/// A thread that prints what shards write, until it is closed.
pub(super) struct Follower {
    followed: Arc<Mutex<Followed>>,
    stop: mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

/// The files that are followed.
struct Followed {
    run_dir: PathBuf,
    colours: Colours,
    to: Arc<dyn Lines>,
    shards: BTreeMap<ShardId, [Stream; 2]>,
    /// Why nothing can be printed any more.
    error: Option<io::Error>,
}

struct Stream {
    path: PathBuf,
    file: Option<File>,
    lines: log::Lines,
}

impl Follower {
    pub(super) fn start(run_dir: PathBuf, colours: Colours, to: Arc<dyn Lines>) -> Self {
        let followed = Followed { run_dir, colours, to, shards: BTreeMap::new(), error: None };
        let followed = Arc::new(Mutex::new(followed));
        let (stop, stopped) = mpsc::channel();
        let of_thread = Arc::clone(&followed);
        let thread = thread::spawn(move || {
            while stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                // The lock is let go after each round: an end that waits for it must not wait for a flood.
                while lock(&of_thread).round() {
                    thread::yield_now();
                }
            }
        });
        Self { followed, stop, thread }
    }

    /// Begins to print what a shard writes.
    pub(super) fn follow(&self, shard: ShardId) {
        let mut followed = lock(&self.followed);
        let colours = followed.colours;
        let streams =
            logs_of(&followed.run_dir, shard).map(|path| Stream { path, file: None, lines: log::Lines::new(colours) });
        followed.shards.insert(shard, streams);
    }

    /// Prints what is left of an ended shard's output, in which nothing is written any more.
    ///
    /// # Errors
    /// Nobody reads what is printed.
    pub(super) fn finish(&self, shard: ShardId) -> io::Result<()> {
        let mut followed = lock(&self.followed);
        while followed.take_from(shard) {}
        if let Some(streams) = followed.shards.remove(&shard) {
            for mut stream in streams {
                let rest = stream.lines.rest();
                followed.print(shard, rest);
            }
        }
        followed.error.take().map_or(Ok(()), Err)
    }

    /// Ends the thread.
    ///
    /// # Errors
    /// Nobody reads what is printed.
    pub(super) fn close(self) -> io::Result<()> {
        drop(self.stop);
        let _ = self.thread.join();
        lock(&self.followed).error.take().map_or(Ok(()), Err)
    }
}

impl Followed {
    /// Prints a piece of each shard's new output. Tells whether there may be more.
    fn round(&mut self) -> bool {
        let shards: Vec<ShardId> = self.shards.keys().copied().collect();
        let mut more = false;
        for shard in shards {
            more |= self.take_from(shard);
        }
        more
    }

    /// Prints a piece of a shard's new output. Tells whether there may be more.
    fn take_from(&mut self, shard: ShardId) -> bool {
        let mut more = false;
        for place in 0..2 {
            let Some(streams) = self.shards.get_mut(&shard) else { return false };
            let (lines, is_full) = streams[place].read();
            more |= is_full;
            self.print(shard, lines);
        }
        more && self.error.is_none()
    }

    fn print(&mut self, shard: ShardId, lines: Vec<String>) {
        if lines.is_empty() || self.error.is_some() {
            return;
        }
        let tag = match self.colours {
            Colours::On => paint(style(shard), &format!("[shard {shard}]")),
            Colours::Off => format!("[shard {shard}]"),
        };
        let lines: Vec<String> = lines.iter().map(|line| format!("{tag} {line}")).collect();
        self.error = self.to.print(&lines).err();
    }
}

impl Stream {
    /// Reads a piece and returns the lines in it, and whether there may be more.
    fn read(&mut self) -> (Vec<String>, bool) {
        if self.file.is_none() {
            // Before the shard's task has made it, there is nothing to read.
            self.file = File::open(&self.path).ok();
        }
        let mut piece = Vec::new();
        let read = self.file.as_mut().map(|file| file.take(PIECE as u64).read_to_end(&mut piece));
        match read {
            Some(Ok(length)) => (self.lines.feed(&piece), length == PIECE),
            // The logs are complete on disk if anywhere; this is a view of them.
            Some(Err(_)) | None => (Vec::new(), false),
        }
    }
}

fn style(shard: ShardId) -> Style {
    Style::new().fg_color(Some(TAGS[shard.0 as usize % TAGS.len()].into()))
}

fn lock(followed: &Mutex<Followed>) -> MutexGuard<'_, Followed> {
    followed.lock().unwrap_or_else(PoisonError::into_inner)
}
