//! The live view of a run on a terminal: what failed scrolls by and stays, below it stands what runs now.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use crate::model::{Event, EventKind};
use crate::report::Sink;

use super::narrator::{Narrator, Place, Verbosity};
use super::palette::Colours;
use super::view::{Size, View};

/// How often the view is drawn, events or not.
const TICK: Duration = Duration::from_millis(200);

/// Shows a run while it goes on, and takes the view away at its end, or when dropped.
///
/// One bar of several lines is all that indicatif knows of: a single thread redraws it, and its lines always belong
/// to the same moment.
pub struct Live {
    terminal: Guarded,
    view: Arc<Mutex<View>>,
    begin: Instant,
    narrator: Narrator,
    progress: MultiProgress,
    bar: ProgressBar,
}

impl Live {
    /// Makes a view on standard error. The caller has seen that it is a terminal that can move its cursor.
    pub fn stderr(colours: Colours, verbosity: Verbosity) -> Self {
        Self::on(Arc::new(Term::buffered_stderr()), colours, verbosity)
    }

    /// Makes a view on any terminal.
    pub fn on(terminal: Arc<dyn TermLike>, colours: Colours, verbosity: Verbosity) -> Self {
        let terminal = Guarded { inner: terminal, error: Arc::default(), line_is_full: Arc::default() };
        let view = Arc::new(Mutex::new(View::new(colours)));
        let begin = Instant::now();
        let progress = MultiProgress::with_draw_target(ProgressDrawTarget::term_like(Box::new(terminal.clone())));
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        bar.set_style(style(terminal.clone(), Arc::clone(&view), begin));
        let narrator = Narrator::new(colours, verbosity, Place::AboveView);
        Self { terminal, view, begin, narrator, progress, bar }
    }

    /// Draws the view now; it is drawn five times a second anyway.
    pub fn redraw(&self) {
        self.bar.force_draw();
    }

    fn start(&mut self) {
        self.progress.add(self.bar.clone());
        self.bar.enable_steady_tick(TICK);
    }

    /// Prints lines that stay, above the view.
    fn print(&self, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        self.redraw();
        // Not `println`: it fills lines up with blanks in place of ending them, which a terminal then copies and
        // reflows as one long line. The terminal's errors are kept by `Guarded`.
        self.progress.suspend(|| {
            for line in lines {
                self.terminal.keep(self.terminal.inner.write_line(&line.replace('\t', "    ")));
            }
            self.terminal.keep(self.terminal.inner.flush());
        });
    }

    fn clear(&mut self) {
        self.bar.disable_steady_tick();
        self.bar.finish_and_clear();
    }
}

impl Sink for Live {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        lock(&self.view).apply(&event.kind, self.begin.elapsed());
        if matches!(event.kind, EventKind::RunStarted { .. }) {
            self.start();
        }
        let lines = self.narrator.tell(event);
        self.print(&lines);
        self.terminal.take_error()
    }

    fn close(&mut self) -> io::Result<()> {
        self.clear();
        self.terminal.take_error()
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A terminal whose errors are kept for the sink to return: indicatif would drop them, or panic.
///
/// Its cursor rests at the begin of the view's last line. At the end of a line that is filled up, where indicatif leaves
/// it, the echo of a Ctrl-C opens a new line, and a part of the view stays behind when it is taken away.
#[derive(Debug, Clone)]
struct Guarded {
    inner: Arc<dyn TermLike>,
    error: Arc<Mutex<Option<io::Error>>>,
    line_is_full: Arc<AtomicBool>,
}

impl Guarded {
    fn keep(&self, result: io::Result<()>) {
        if let Err(error) = result {
            lock(&self.error).get_or_insert(error);
        }
    }

    fn take_error(&self) -> io::Result<()> {
        lock(&self.error).take().map_or(Ok(()), Err)
    }

    fn size(&self) -> Size {
        Size { rows: self.height().into(), columns: self.width().into() }
    }
}

impl TermLike for Guarded {
    fn width(&self) -> u16 {
        self.inner.width()
    }

    fn height(&self) -> u16 {
        self.inner.height()
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.keep(self.inner.move_cursor_up(n));
        Ok(())
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.keep(self.inner.move_cursor_down(n));
        Ok(())
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.keep(self.inner.move_cursor_right(n));
        Ok(())
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.keep(self.inner.move_cursor_left(n));
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.keep(self.inner.write_line(text));
        Ok(())
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        // indicatif fills each line up with blanks, so that the next one wraps.
        if text.chars().all(|character| character == ' ') {
            self.line_is_full.store(true, Ordering::Relaxed);
            return Ok(());
        }
        if self.line_is_full.swap(false, Ordering::Relaxed) {
            self.keep(self.inner.write_str("\r\n"));
        }
        self.keep(self.inner.write_str(text));
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.keep(self.inner.clear_line());
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        if self.line_is_full.swap(false, Ordering::Relaxed) {
            self.keep(self.inner.write_str("\r"));
        }
        self.keep(self.inner.flush());
        Ok(())
    }
}

/// Makes the bar's style: a single key, which writes the lines of the view at the moment of drawing.
fn style(terminal: Guarded, view: Arc<Mutex<View>>, begin: Instant) -> ProgressStyle {
    let write = move |_: &indicatif::ProgressState, out: &mut dyn fmt::Write| {
        let lines = lock(&view).lines(begin.elapsed(), terminal.size());
        // Writing to indicatif's own buffer cannot fail.
        let _ = out.write_str(&lines.join("\n"));
    };
    ProgressStyle::with_template("{view}").expect("the template is one key").with_key("view", write)
}

/// Locks, also after a panic elsewhere: what is shown may be old then, and nothing else is wrong.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
