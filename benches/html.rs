//! How long does the HTML report of a large run take, and how long does a browser take to open it? The first is held against
//! a plain serialisation of the same cases, the second against an empty page of the same browser.

#[path = "../tests/html/browser.rs"]
#[expect(dead_code, reason = "the tests use the rest of it")]
mod browser;
#[path = "../tests/terminal_reports/fixture.rs"]
#[expect(dead_code, reason = "the tests use the rest of it")]
mod fixture;
#[path = "../tests/html/runs.rs"]
#[expect(dead_code, reason = "the tests use the rest of it")]
mod runs;

use std::time::{Duration, Instant};

use minke::model::RunState;
use minke::report::html::{HtmlOptions, write};

use browser::{Look, Page};

/// The longest that the report of 100,000 cases may take.
const WRITE_BAR: Duration = Duration::from_secs(5);
/// The longest that a browser may take to open the report of 20,000 cases.
const OPEN_BAR: Duration = Duration::from_secs(2);
/// The most that the report of 20,000 cases may weigh, in bytes.
const SIZE_BAR: usize = 8_000_000;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        // `cargo test --all-targets` starts benches too, without this flag.
        eprintln!("this is a bench: run it with `cargo bench`");
        return;
    }
    let is_quick = arguments.iter().any(|argument| argument == "--quick");
    let (rounds, part) = if is_quick { (1, 10) } else { (5, 1) };
    bench_writing(&runs::large(1_000 / part, 100_000 / part, 8_000, 900), rounds);
    bench_opening(&runs::large(400 / part, 20_000 / part, 8_000, 0), rounds);
}

/// Makes the report and, in turn, serialises the cases that it is made of.
fn bench_writing(state: &RunState, rounds: usize) {
    let mut of_html = Vec::new();
    let mut of_json = Vec::new();
    let (mut html_bytes, mut json_bytes) = (0, 0);
    for _ in 0..rounds {
        let begin = Instant::now();
        html_bytes = write(state, &HtmlOptions::default()).expect("the report is made").len();
        of_html.push(begin.elapsed());
        let begin = Instant::now();
        json_bytes =
            state.units().iter().map(|unit| serde_json::to_vec(&unit.cases).expect("cases are JSON").len()).sum();
        of_json.push(begin.elapsed());
    }
    let (html, json) = (median(of_html), median(of_json));
    println!(
        "{} cases in {} units: {json_bytes} bytes as JSON, {html_bytes} as HTML",
        state.case_counts().total(),
        state.units().len()
    );
    println!("  HTML / JSON in time: {:.2}", html.as_secs_f64() / json.as_secs_f64());
    println!(
        "  HTML within {WRITE_BAR:?}: {}, {:.2} of it",
        word(html <= WRITE_BAR),
        html.as_secs_f64() / WRITE_BAR.as_secs_f64()
    );
}

/// Opens the report in a new browser and, in turn, an empty page in another one.
fn bench_opening(state: &RunState, rounds: usize) {
    let html = write(state, &HtmlOptions::default()).expect("the report is made");
    let empty = "<!doctype html><title>empty</title>";
    let mut of_report = Vec::new();
    let mut of_empty = Vec::new();
    for _ in 0..rounds {
        of_report.push(open(&html));
        of_empty.push(open(empty));
    }
    let (report, empty) = (median(of_report), median(of_empty));
    println!(
        "{} cases: {} bytes within {SIZE_BAR}: {}",
        state.case_counts().total(),
        html.len(),
        word(html.len() < SIZE_BAR)
    );
    println!(
        "  opened in Chromium, first picture included, report / empty page: {:.1}",
        report.as_secs_f64() / empty.as_secs_f64()
    );
    println!(
        "  opened within {OPEN_BAR:?}: {}, {:.2} of it",
        word(report < OPEN_BAR),
        report.as_secs_f64() / OPEN_BAR.as_secs_f64()
    );
}

/// Opens a document and waits until it has been drawn; the start of the browser does not count.
fn open(html: &str) -> Duration {
    let files = tempfile::tempdir().expect("a directory can be made");
    let path = files.path().join("report.html");
    std::fs::write(&path, html).expect("a file can be written");
    let blank = files.path().join("blank.html");
    std::fs::write(&blank, "").expect("a file can be written");
    let mut page = Page::open_in(files, &blank, Look::default());
    let begin = Instant::now();
    page.navigate(&path);
    page.picture();
    begin.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn word(is_met: bool) -> &'static str {
    if is_met { "met" } else { "MISSED" }
}
