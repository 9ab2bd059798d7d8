//! The HTML report in a real browser: fixture events in, and what a person would find on the page out.

mod browser;
#[path = "../terminal_reports/fixture.rs"]
mod fixture;
mod hostile;
mod keys;
mod pictures;
mod runs;
mod structure;
mod written;
