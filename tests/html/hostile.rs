//! Whatever a test writes, it stays text.

use minke::model::{Case, Cause, FindingKind, RunState};
use minke::report::html::{HtmlOptions, write};
use serde_json::json;

use crate::browser::{Look, Page};
use crate::fixture::{Script, passed, trouble, with_finding};

const EVIL: &str = "</script></style></pre></title><script>document.title='owned';console.log('owned')</script>\
                    <img src=x onerror=\"document.title='owned'\"><a href=\"javascript:alert(1)\">'\"&amp;<!-- --></textarea>{{ 7 }}";

fn evil_run() -> RunState {
    let turned = "tests/\u{202e}yp.live\u{2066}_test.py";
    let units = [EVIL, turned, "tests/nul\0.py", "tests/colour\u{1b}[31mred.py"];
    let mut script = Script::new(&units, 1);
    script.shard(1, &units).at(1, EVIL).warn(EVIL).shard_end(1, 1);
    let case = Case {
        classname: EVIL.to_owned(),
        file: Some(EVIL.to_owned()),
        system_out: Some(format!("{EVIL}\u{1b}]8;;javascript:alert(1)\u{7}link\u{1b}]8;;\u{7}")),
        system_err: Some(format!("\0\u{1b}[31m{EVIL}\u{1b}[\u{202e}")),
        seconds: Some(f64::NAN),
        ..with_finding(EVIL, FindingKind::Failure, EVIL, &format!("{EVIL}\n\u{1b}[38;5;;;;;999999999999m{EVIL}"))
    };
    let odd = Case { seconds: Some(-1.0), classname: String::new(), name: String::new(), ..passed("") };
    script.unit(1, EVIL, vec![case, odd, Case { seconds: Some(f64::INFINITY), ..passed("\u{5d0}\u{5d1}") }]);
    script.error(1, turned, trouble(Cause::NoReport, EVIL, EVIL));
    script.unit(1, "tests/nul\0.py", vec![passed("a\0b")]).unit(1, "tests/colour\u{1b}[31mred.py", vec![passed("x")]);
    script.end().state()
}

#[test]
fn markup_in_every_text_stays_text() {
    let mut page = Page::open(&write(&evil_run(), &HtmlOptions::default()).unwrap(), Look::default());
    assert!(page.text("document.title").starts_with("Failed: "));
    assert!(page.complaints.is_empty(), "{:?}", page.complaints);
    assert_eq!(page.count("script"), 1);
    assert_eq!(page.count("style"), 1);
    assert_eq!(page.count("img, textarea, a[href^=\"javascript\" i], [onerror]"), 0);
    let shown = page
        .eval(&format!("[...document.querySelectorAll('pre')].some(pre => pre.textContent.includes({}))", json!(EVIL)));
    assert_eq!(shown, json!(true));
    assert_eq!(page.text("document.querySelector('#u0 .name').textContent"), EVIL);
}

#[test]
fn what_cannot_be_seen_is_shown() {
    let html = write(&evil_run(), &HtmlOptions::default()).unwrap();
    let forbidden = |c: char| {
        c.is_control() && c != '\n' && c != '\t' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert_eq!(html.chars().find(|&c| forbidden(c)), None);
    let mut page = Page::open(&html, Look::default());
    assert_eq!(page.text("document.querySelector('#u1 .name').textContent"), "tests/[U+202E]yp.live[U+2066]_test.py");
    assert_eq!(page.text("document.querySelector('#u2 .name').textContent"), "tests/nul\u{2400}.py");
    assert_eq!(page.text("document.querySelector('#u3 .name').textContent"), "tests/colourred.py");
    assert!(
        page.eval("[...document.querySelectorAll('.command code')].every(code => !code.textContent.includes('nul'))")
            .as_bool()
            .unwrap()
    );
}

#[test]
fn a_text_of_ten_megabytes_is_cut() {
    let mut script = Script::new(&["a.py"], 1);
    let case =
        with_finding("big", FindingKind::Failure, &"m".repeat(10_000_000), &"<line> of output\n".repeat(600_000));
    script
        .shard(1, &["a.py"])
        .shard_end(1, 1)
        .unit(1, "a.py", vec![Case { name: "n".repeat(10_000_000), ..case }])
        .end();
    let html = write(&script.state(), &HtmlOptions::default()).unwrap();
    assert!(html.len() < 1_000_000, "{}", html.len());
    let mut page = Page::open(&html, Look::default());
    let text = page.text("document.querySelector('#failures pre.output').textContent");
    assert!(text.starts_with("<line>") && text.ends_with("output"), "both ends are kept");
    assert!(text.contains("bytes are left out here]"));
}
