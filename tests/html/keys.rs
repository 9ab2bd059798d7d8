//! What a script adds: search, filters, keys, themes.

use minke::report::html::{HtmlOptions, write};
use serde_json::json;

use crate::browser::{Look, Page};
use crate::runs::everything;

const UNITS: &str = "[...document.querySelectorAll('details.unit:not([hidden])')].map(unit => +unit.id.slice(1))";
const CASES: &str =
    "[...document.querySelectorAll('details.unit:not([hidden]) tbody tr:not(.g):not([hidden])')].length";
const ARTICLES: &str =
    "[...document.querySelectorAll('#failures article:not([hidden])')].map(one => one.dataset.unit ?? 'shard')";

fn page() -> Page {
    Page::open(&write(&everything(), &HtmlOptions::default()).unwrap(), Look::default())
}

fn search(page: &mut Page, text: &str) {
    page.press("/");
    page.write(text);
    page.wait_until("document.querySelector('#matches').textContent !== ''");
}

#[test]
fn a_search_shows_what_has_every_word() {
    let mut page = page();
    search(&mut page, "rounds_1 MONEY");
    assert_eq!(page.eval(UNITS), json!([6]));
    assert_eq!(page.eval(CASES), 9);
    assert_eq!(page.text("document.querySelector('#matches').textContent"), "9 cases in 1 unit");
    assert_eq!(page.eval("document.querySelector('#u6').open"), json!(true));
    page.press("Escape");
    assert_eq!(page.eval(UNITS), json!([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
    assert_eq!(page.eval("document.querySelector('#u6').open"), json!(false));
    assert_eq!(page.eval("document.activeElement.id"), "");
}

#[test]
fn a_search_finds_what_an_error_says() {
    let mut page = page();
    search(&mut page, "cannot allocate");
    assert_eq!(page.eval(UNITS), json!([2]));
    assert_eq!(page.eval(ARTICLES), json!(["2"]));
}

#[test]
fn a_search_without_a_match_says_so() {
    let mut page = page();
    search(&mut page, "there is no such thing");
    assert_eq!(page.eval(UNITS), json!([]));
    assert_eq!(page.eval(ARTICLES), json!([]));
    assert!(page.eval("document.querySelector('#none').checkVisibility()").as_bool().unwrap());
}

#[test]
fn filters_show_outcomes() {
    for (filter, units, cases, articles) in [
        ("failed", json!([6, 7]), 2, json!(["6", "7"])),
        ("errored", json!([2]), 0, json!(["2", "shard"])),
        ("skipped", json!([0]), 1, json!([])),
        ("flaky", json!([1]), 1, json!([])),
        ("passed", json!([0, 1, 3, 4, 5, 6, 7, 8, 9]), 87, json!([])),
    ] {
        let mut page = page();
        page.eval(&format!("document.querySelector('[data-filter={filter}]').click()"));
        assert_eq!(page.eval(UNITS), units, "{filter}");
        assert_eq!(page.eval(CASES), cases, "{filter}");
        assert_eq!(page.eval(ARTICLES), articles, "{filter}");
        assert_eq!(page.text(&format!("document.querySelector('[data-filter={filter}]').ariaPressed")), "true");
    }
    assert_eq!(page().count("[data-filter=notrun]:not([hidden])"), 0, "there is nothing to be filtered by it");
}

#[test]
fn keys_go_through_the_failures() {
    let mut page = page();
    let now = "(focused => focused.tagName === 'SUMMARY' ? focused.parentElement.id : focused.textContent)(document.activeElement)";
    let mut seen = Vec::new();
    for key in ["j", "j", "j", "j", "j", "k"] {
        page.press(key);
        seen.push(page.text(now));
    }
    assert_eq!(seen, ["tests/db/test_migrations.py", "f6-18", "f7-8", "shard 5", "shard 5", "f7-8"]);
    let outline = page.text("getComputedStyle(document.activeElement).outlineStyle");
    assert_eq!(outline, "solid", "what has the focus is seen");
}

#[test]
fn the_theme_goes_round_and_beats_the_systems() {
    let mut page = page();
    let colour = "getComputedStyle(document.body).backgroundColor";
    let (light, dark) = ("rgb(255, 255, 255)", "rgb(23, 27, 33)");
    assert_eq!(page.text(colour), light);
    page.press("t");
    assert_eq!(page.text("document.querySelector('#theme').textContent"), "Theme: light");
    page.look(Look { theme: "dark", ..Look::default() });
    assert_eq!(page.text(colour), light);
    page.press("t");
    assert_eq!(page.text(colour), dark);
    page.press("t");
    assert_eq!(page.text(colour), dark, "the system's own is dark");
}

#[test]
fn a_link_opens_what_it_leads_to() {
    let mut page = page();
    page.eval("document.querySelector('#failures a[href=\"#u6\"]').click()");
    page.wait_until("document.querySelector('#u6').open");
    page.eval("document.querySelector('#f6-18').open = false");
    page.eval("document.querySelector('#u6 a[href=\"#f6-18\"]').click()");
    page.wait_until("document.querySelector('#f6-18').open");
}

#[test]
fn a_link_to_what_is_hidden_ends_the_search() {
    let mut page = page();
    search(&mut page, "test_webhook_arrives");
    page.eval("document.querySelector('.slow a[href=\"#u4\"]').click()");
    page.wait_until("!document.querySelector('#u4').hidden && document.querySelector('#u4').open");
    assert_eq!(page.text("document.querySelector('#search').value"), "");
}
