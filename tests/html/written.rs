//! The file that is written, and where its links lead.

use std::fs;

use minke::report::html::{HtmlOptions, write_file};

use crate::browser::{Look, Page};
use crate::runs::everything;

/// Writes the report inside of the run's directory and beside it, and returns what a selector's links lead to in both.
#[test]
fn links_are_relative_in_the_runs_directory_and_whole_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let (run_dir, project) = (dir.path().join("project/.minke/runs/1"), dir.path().join("project"));
    fs::create_dir_all(run_dir.join("shards/4")).unwrap();
    fs::create_dir_all(project.join("tests/unit")).unwrap();
    fs::write(run_dir.join("shards/4/stdout.log"), "before\n\u{1b}[32mthe last line\u{1b}[0m\n").unwrap();
    fs::write(project.join("tests/unit/test_money.py"), "").unwrap();
    let options = HtmlOptions { run_dir: Some(run_dir.clone()), project: Some(project.clone()), folder: None };
    for (path, log, source) in [
        (
            run_dir.join("report.html"),
            "./shards/4/stdout.log".to_owned(),
            format!("file://{}/tests/unit/test_money.py", project.display()),
        ),
        (
            project.join("report.html"),
            "./.minke/runs/1/shards/4/stdout.log".to_owned(),
            "./tests/unit/test_money.py".to_owned(),
        ),
        (
            dir.path().join("out/new/r.html"),
            format!("file://{}/shards/4/stdout.log", run_dir.display()),
            format!("file://{}/tests/unit/test_money.py", project.display()),
        ),
    ] {
        write_file(&everything(), &options, &path).unwrap();
        let mut page = Page::open_in(tempfile::tempdir().unwrap(), &path, Look::default());
        let href = |words: &str| {
            format!(
                "[...document.querySelectorAll('#failures a')].find(a => a.textContent.includes('{words}')).getAttribute('href')"
            )
        };
        assert_eq!(page.text(&href("shards/4/stdout.log (5.3 kB)")), log);
        assert_eq!(page.text(&href("tests/unit/test_money.py:41")), source);
        let absent = page
            .eval("[...document.querySelectorAll('#failures a')].some(a => a.textContent.includes('test_names.py:'))");
        assert_eq!(absent, false, "there is no such file");
        let last = page.text("[...document.querySelectorAll('#timeline pre')].map(pre => pre.innerHTML).join('')");
        assert_eq!(last, "before\n<span class=\"f2\">the last line</span>");
    }
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), "").unwrap();
    let path = dir.path().join("file/report.html");
    let error = write_file(&everything(), &HtmlOptions::default(), &path).unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot write the HTML report {}: ", path.display())), "{error}");
}
