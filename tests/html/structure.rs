//! What is on the page, and that it is there without a script, in both themes and at every width.

use minke::report::html::{HtmlOptions, write};
use serde_json::json;

use crate::browser::{Look, Page};
use crate::fixture::{Script, failed, mixed, passed, trouble};
use crate::runs::{Run, everything, large};

fn document(state: &minke::model::RunState) -> String {
    write(state, &HtmlOptions::default()).unwrap()
}

#[test]
fn the_page_tells_the_verdict_and_then_the_failures() {
    let mut page = Page::open(&document(&everything()), Look::default());
    assert_eq!(page.text("document.querySelector('h1').textContent"), "Failed");
    assert_eq!(
        page.text("document.querySelector('.say p').textContent"),
        "2 failed, 1 errored of 10 units, 1 shard problem that no unit explains"
    );
    let figures = page.text("[...document.querySelectorAll('.figures div')].map(d => d.textContent).join('|')");
    assert_eq!(figures, "Exit code1|Wall time21.3 s|Time of tests41.4 s|Tests / wall1.9 x");
    let sections = page.eval("[...document.querySelectorAll('main > section')].map(section => section.id)");
    assert_eq!(sections, json!(["", "failures", "warnings", "timeline", "slowest", "flaky", "units", "facts"]));
    let names =
        page.eval("[...document.querySelectorAll('#failures article')].map(a => a.querySelector('.name').textContent)");
    assert_eq!(
        names,
        json!(["tests/db/test_migrations.py", "tests/unit/test_money.py", "tests/unit/test_names.py", "shard 5"])
    );
    let case = "document.querySelector('#f6-18')";
    assert_eq!(page.text(&format!("{case}.querySelector('.message').textContent")), "assert 999 == 1000");
    assert_eq!(page.text(&format!("{case}.querySelector('.place').textContent")), "tests/unit/test_money.py:41");
    assert!(page.text(&format!("{case}.querySelector('pre').textContent")).contains("where 999 = sum("));
    let commands = page.eval("[...document.querySelectorAll('.command code')].map(code => code.textContent)");
    let start = "minke pytest --image shop-tests:latest --source mount";
    assert_eq!(
        commands[0],
        format!(
            "{start} tests/db/test_migrations.py tests/unit/test_money.py tests/unit/test_names.py -- -p no:cacheprovider"
        )
    );
    assert_eq!(commands[2], format!("{start} tests/unit/test_money.py -- -p no:cacheprovider"));
}

#[test]
fn a_tests_colours_stay_colours() {
    let mut page = Page::open(&document(&everything()), Look::default());
    let colour =
        "t => getComputedStyle([...document.querySelectorAll('#failures span')].find(s => s.textContent === t))";
    assert_eq!(page.text(&format!("({colour})('ERROR').color")), "rgb(179, 38, 30)");
    assert_eq!(page.text(&format!("({colour})('ERROR').fontWeight")), "700");
    assert_eq!(page.text(&format!("({colour})(' KILLED ').backgroundColor")), "rgb(170, 0, 0)");
    assert_eq!(page.text(&format!("({colour})('rounding down').color")), "rgb(125, 82, 0)");
    page.look(Look { theme: "dark", ..Look::default() });
    assert_eq!(page.text(&format!("({colour})('ERROR').color")), "rgb(255, 138, 128)");
}

#[test]
fn every_unit_and_case_is_there_without_a_script() {
    let state = everything();
    let mut page = Page::open(&document(&state), Look { scripts: false, ..Look::default() });
    // Its own scripts are off; the debugger's still run.
    assert_eq!(page.count("details.unit"), 10);
    assert_eq!(page.count("details.unit tbody tr:not(.g)"), state.case_counts().total() as u64);
    assert!(
        page.eval("document.querySelector('#controls').hidden && document.querySelector('#theme').hidden")
            .as_bool()
            .unwrap()
    );
    page.eval("document.querySelector('#u0').open = true");
    let row = "document.querySelector('#u0 tbody tr:not(.g)')";
    assert!(page.eval(&format!("{row}.checkVisibility()")).as_bool().unwrap());
    assert_eq!(page.text(&format!("{row}.textContent")), "passedtest_pays_by_card_00.400 s");
    let skipped = "document.querySelector('#u0 tr.skipped').textContent";
    assert_eq!(page.text(skipped), "skippedtest_pays_by_cheque needs a database0.100 s");
    assert!(page.eval("document.querySelector('#f6-18 pre').checkVisibility()").as_bool().unwrap());
}

#[test]
fn the_timeline_shows_who_ran_what_when() {
    let mut page = Page::open(&document(&everything()), Look::default());
    assert_eq!(page.count(".chart .slot"), 3);
    assert!(page.text("document.querySelector('.slot.critical > span').textContent").starts_with("slot 3"));
    let kinds =
        page.eval("[...document.querySelectorAll('.slot:nth-of-type(2) > div > :not(u)')].map(bar => bar.className)");
    let first = ["idle", "start", "framework", "unit passed", "unit passed", "collection", "idle"];
    let second = ["start", "framework", "unit passed", "unit unproven", "collection", "idle"];
    let third = ["start", "unit passed", "collection", "idle"];
    assert_eq!(kinds, json!([&first[..], &second, &third].concat()));
    // Each slot's time is filled from the run's beginning to its end.
    let ends = page.eval(
        "[...document.querySelectorAll('.slot > div')].map(slot => { let at = 0; for (const bar of slot.querySelectorAll(':scope > :not(u)')) \
         { if (Math.abs(parseFloat(bar.style.left) - at) > 0.01) return 'a gap at ' + at; at = parseFloat(bar.style.left) + parseFloat(bar.style.width); } return Math.round(at); })",
    );
    assert_eq!(ends, json!([100, 100, 100]));
    let sentences = page.text("document.querySelector('#timeline > p').textContent");
    assert!(
        sentences.contains("slot 3 ended last, with shard 3; of its 21.3 s it was 0.400 s starting containers"),
        "{sentences}"
    );
    let row = page.text("document.querySelector('#s2').textContent");
    assert!(row.contains("exit code 137, out of memory") && row.contains("tests/db/test_migrations.py"), "{row}");
}

#[test]
fn what_was_run_again_and_what_was_slow_has_a_place() {
    let mut page = Page::open(&document(&everything()), Look::default());
    let flaky = page.text("document.querySelector('#flaky').textContent");
    assert!(flaky.contains("test_webhook_arrives") && flaky.contains("TimeoutError: no answer after 5 s"), "{flaky}");
    assert!(
        flaky.contains("tests/unit/test_vat.py") && flaky.contains("shard 5: crashed (signal 11, SIGSEGV)"),
        "{flaky}"
    );
    let slowest = page.text("document.querySelector('.slow tbody tr').textContent");
    assert_eq!(slowest, "11.3 stests/slow/test_reports.py");
}

#[test]
fn each_end_of_a_run_has_its_words() {
    let mut unfinished = Script::new(&["a.py", "b.py"], 1);
    unfinished.shard(1, &["a.py"]);
    for (script, word, sentence) in [
        (
            Script::new(&["a.py"], 1)
                .shard(1, &["a.py"])
                .shard_end(1, 0)
                .unit(1, "a.py", vec![passed("x")])
                .end()
                .state(),
            "Passed",
            "the one unit passed",
        ),
        (Script::new(&[], 1).end().state(), "Nothing run", "no unit was selected"),
        (mixed().state(), "Interrupted", "1 failed, 1 errored, 1 not run of 5 units; interrupted"),
        (unfinished.state(), "Unfinished", "2 not run of 2 units; the record of this run breaks off before its end"),
        (
            minke::model::RunState::new(),
            "Unfinished",
            "no unit was selected; the record of this run breaks off before its end",
        ),
    ] {
        let mut page = Page::open(&document(&script), Look::default());
        assert_eq!(page.text("document.querySelector('h1').textContent"), word);
        assert_eq!(page.text("document.querySelector('.say p').textContent"), sentence);
        assert!(page.complaints.is_empty(), "{:?}", page.complaints);
    }
}

#[test]
fn one_trouble_of_many_units_is_told_once() {
    let names: Vec<String> = (0..300).map(|number| format!("tests/test_{number}.py")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut script = Script::new(&names, 2);
    for name in &names {
        script.error(
            1,
            name,
            trouble(minke::model::Cause::Image, "there is no pytest in the image", "sh: pytest: not found"),
        );
    }
    let mut page = Page::open(&document(&script.end().state()), Look::default());
    assert_eq!(page.count("#failures article"), 1);
    assert!(page.text("document.querySelector('.same').textContent").contains("The same happened to 299 more"));
    assert_eq!(page.count("details.unit"), 300);
}

#[test]
fn nothing_is_wider_than_the_window_in_any_theme() {
    let long = "x".repeat(3_000);
    let mut run = Run::of(&["tests/test_a.py", &long], 2);
    run.shard(1, 1, 0, &[("tests/test_a.py", 0), (&long, 0)]).shard_end(1, 0, 2_000, 1, None);
    run.unit(2_000, 1, "tests/test_a.py", 900, vec![failed(&"long_name".repeat(50), &"no space ".repeat(300))]);
    run.unit(2_000, 1, &long, 900, vec![failed("test_wide", &long), passed(&long)]);
    for state in [run.finish(2_100), everything(), mixed().state()] {
        let mut page = Page::open(&document(&state), Look::default());
        page.eval("document.querySelectorAll('details').forEach(details => details.open = true)");
        for width in [320, 400, 800, 1400] {
            page.look(Look { width, ..Look::default() });
            let wide = page.eval("document.documentElement.scrollWidth").as_u64().unwrap();
            assert!(wide <= u64::from(width), "{wide} at {width}");
        }
    }
}

#[test]
fn every_text_can_be_read_in_both_themes() {
    let script = "(() => {
        const parse = colour => colour.match(/[\\d.]+/g).map(Number);
        const light = ([r, g, b]) => { const f = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
        const bad = [];
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        for (let node = walker.nextNode(); node; node = walker.nextNode()) {
            const element = node.parentElement;
            if (!node.data.trim() || ['SCRIPT', 'STYLE'].includes(element.tagName) || !element.checkVisibility()) continue;
            let behind = element, back;
            do { back = parse(getComputedStyle(behind).backgroundColor); behind = behind.parentElement; } while (back[3] === 0 && behind);
            const [a, b] = [light(parse(getComputedStyle(element).color)), light(back)];
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (ratio < 4.5) bad.push(node.data.trim().slice(0, 40) + ' ' + ratio.toFixed(2) + ' ' + element.className);
        }
        return bad;
    })()";
    let mut run = Run::of(&["tests/test_a.py"], 1);
    let named: String = (0..16)
        .map(|colour| {
            format!("\u{1b}[38;5;{colour}mcolour {colour}\u{1b}[0m \u{1b}[48;5;{colour}mbehind {colour}\u{1b}[0m\n")
        })
        .collect();
    let all: String = (16..256)
        .map(|colour| format!("\u{1b}[38;5;{colour}mcolour {colour}\u{1b}[0m \u{1b}[2;7mx\u{1b}[0m"))
        .collect();
    run.shard(1, 1, 0, &[("tests/test_a.py", 0)]).shard_end(1, 0, 2_000, 1, None);
    run.error(2_000, 1, "tests/test_a.py", 900, trouble(minke::model::Cause::NoReport, "no report", &(named + &all)));
    for state in [everything(), run.finish(2_100), mixed().state()] {
        let mut page = Page::open(&document(&state), Look::default());
        page.eval("document.querySelectorAll('details').forEach(details => details.open = true)");
        for theme in ["light", "dark"] {
            page.look(Look { theme, ..Look::default() });
            assert_eq!(page.eval(script), json!([]), "{theme}");
        }
        page.look(Look { media: "print", ..Look::default() });
        assert_eq!(page.eval(script), json!([]), "print");
    }
}

#[test]
fn on_paper_failures_are_open_and_controls_are_gone() {
    let mut page = Page::open(&document(&everything()), Look { media: "print", scripts: false, ..Look::default() });
    page.eval("document.querySelectorAll('#failures details').forEach(details => details.open = false)");
    assert!(
        page.eval("document.querySelector('#f6-18 pre').checkVisibility({contentVisibilityAuto: true})")
            .as_bool()
            .unwrap()
    );
    assert!(page.eval("document.querySelector('#f6-18 pre').getBoundingClientRect().height > 50").as_bool().unwrap());
    assert!(!page.eval("document.querySelector('nav').checkVisibility()").as_bool().unwrap());
}

#[test]
fn twenty_thousand_cases_stay_small() {
    let html = document(&large(400, 20_000, 20_000, 0));
    assert!(html.len() < 8_000_000, "{} bytes", html.len());
    let mut page = Page::open(&html, Look::default());
    assert_eq!(page.count("details.unit tbody tr:not(.g)"), 20_000);
    assert_eq!(page.count("#failures details.case"), 400);
    assert!(
        page.text("document.querySelector('#failures pre.output').textContent").contains("bytes are left out here]")
    );
    assert!(page.complaints.is_empty(), "{:?}", page.complaints);
}

#[test]
fn the_page_asks_for_nothing_and_complains_of_nothing() {
    let mut page = Page::open(&document(&everything()), Look::default());
    page.eval("1");
    let others: Vec<&String> =
        page.fetched.iter().filter(|url| !url.ends_with("/report.html") && !url.starts_with("data:")).collect();
    assert!(others.is_empty() && !page.fetched.is_empty(), "{:?}", page.fetched);
    assert!(page.complaints.is_empty(), "{:?}", page.complaints);
    let policy = page.text("document.querySelector('meta[http-equiv]').content");
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    let refused = "fetch('data:text/plain,x').then(() => 'allowed', () => 'refused')";
    assert_eq!(page.text(refused), "refused");
}

#[test]
fn landmarks_headings_and_names_are_in_order() {
    let mut page = Page::open(&document(&everything()), Look::default());
    for landmark in ["main", "nav[aria-label]", "body > header", "body > footer", "[role=search]", "html[lang=en]"] {
        assert_eq!(page.count(landmark), 1, "{landmark}");
    }
    let jumps = page.eval(
        "[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1]).reduce((a, level) => ({bad: a.bad + (level > a.last + 1), last: level}), {bad: 0, last: 0}).bad",
    );
    assert_eq!(jumps, 0);
    let repeated =
        page.eval("(ids => ids.length - new Set(ids).size)([...document.querySelectorAll('[id]')].map(e => e.id))");
    assert_eq!(repeated, 0);
    let dead = page.eval("[...document.querySelectorAll('a[href^=\"#\"]')].filter(a => !document.getElementById(a.hash.slice(1))).map(a => a.hash)");
    assert_eq!(dead, json!([]));
    assert_eq!(page.count("section:not([aria-labelledby])"), 0);
}
