//! The live view of a run on a terminal: what failed scrolls by and stays, below it stands what runs now.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use crate::model::{Event, EventKind};
use crate::report::Sink;

use super::lines::{Lines, Watch};
use super::narrator::{Narrator, Place, Verbosity};
use super::output::OutputOptions;
use super::palette::Colours;
use super::teller::{PATIENCE, Teller};
use super::view::{Size, View};

/// How often the view is drawn, events or not.
const TICK: Duration = Duration::from_millis(200);

/// Shows a run while it goes on, and takes the view away at its end, or when dropped.
///
/// One bar of several lines is all that indicatif knows of: a single thread redraws it, and its lines always belong
/// to the same moment.
pub struct Live {
    screen: Arc<Screen>,
    view: Arc<Mutex<View>>,
    begin: Instant,
    teller: Teller,
}

/// The terminal with the view on it.
struct Screen {
    terminal: Guarded,
    progress: MultiProgress,
    bar: ProgressBar,
    printed: AtomicU64,
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
        let screen = Arc::new(Screen { terminal, progress, bar, printed: AtomicU64::new(0) });
        let narrator = Narrator::new(colours, verbosity, Place::AboveView);
        let teller = Teller::new(narrator, colours, Arc::clone(&screen) as Arc<dyn Lines>);
        Self { screen, view, begin, teller }
    }

    /// Shows the output of tests too, above the view.
    #[must_use]
    pub fn with_output(mut self, options: OutputOptions) -> Self {
        self.teller.show_output(options);
        self
    }

    /// Returns what tells whether the terminal gets on.
    pub fn watch(&self) -> Watch {
        self.teller.watch()
    }

    /// Draws the view now; it is drawn five times a second anyway.
    pub fn redraw(&self) {
        self.screen.bar.force_draw();
    }
}

impl Screen {
    fn start(&self) {
        self.progress.add(self.bar.clone());
        self.bar.enable_steady_tick(TICK);
    }

    fn clear(&self) {
        self.bar.disable_steady_tick();
        self.bar.finish_and_clear();
    }
}

impl Lines for Screen {
    /// Prints lines above the view.
    fn print(&self, lines: &[String]) -> io::Result<()> {
        if !lines.is_empty() {
            self.bar.force_draw();
            // Not `println`: it fills lines up with blanks in place of ending them, which a terminal then copies and
            // reflows as one long line. The terminal's errors are kept by `Guarded`.
            self.progress.suspend(|| {
                for line in lines {
                    self.terminal.keep(self.terminal.inner.write_line(&line.replace('\t', "    ")));
                }
                self.terminal.keep(self.terminal.inner.flush());
            });
        }
        self.printed.fetch_add(1, Ordering::Relaxed);
        self.terminal.take_error()
    }

    fn printed(&self) -> u64 {
        self.printed.load(Ordering::Relaxed)
    }
}

impl Sink for Live {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        lock(&self.view).apply(&event.kind, self.begin.elapsed());
        if matches!(event.kind, EventKind::RunStarted { .. }) {
            self.screen.start();
        }
        self.teller.tell(event)
    }

    fn close(&mut self) -> io::Result<()> {
        let closed = self.teller.close();
        self.screen.clear();
        closed.and(self.screen.terminal.take_error())
    }

    fn patience(&self) -> Option<Duration> {
        Some(PATIENCE)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.screen.clear();
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
