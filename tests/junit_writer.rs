//! The written report against every kind of run: complete, truthful, and legal XML for strict parsers.

mod junit_run;

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use junit_run::{Run, array, assert_truthful, reread, strictly, written};
use minke::model::{CancelReason, Case, Cause, EventKind, Finding, FindingKind, RunState, Trouble, UnitOutcome};
use minke::report::WriteError;
use minke::report::junit::{ReadLimits, WriteOptions, read, write, write_file};
use serde_json::Value;

fn case(classname: &str, name: &str) -> Case {
    Case { classname: classname.into(), name: name.into(), seconds: Some(0.1), ..Case::default() }
}

fn finding(kind: FindingKind, message: &str, text: &str) -> Finding {
    Finding { kind, message: message.into(), r#type: "AssertionError".into(), text: text.into() }
}

fn trouble(cause: Cause) -> Trouble {
    Trouble { cause, detail: "It broke.\nTry again.".into(), output_tail: "last line".into() }
}

#[test]
fn a_run_is_written_with_every_unit_and_every_fault() {
    let mut run = Run::of(&["tests/a.py", "tests/b.py", "tests/c.py", "tests/d.py"]);
    run.shard(1, &["tests/a.py"], None);
    run.shard(2, &["tests/b.py", "tests/c.py"], None);
    run.shard(3, &["tests/a.py"], Some(trouble(Cause::ExitCode { code: 3 })));
    let passed = Case { file: Some("/w/tests/a.py".into()), line: Some(7), ..case("tests.a", "test_one") };
    let skipped = Case { findings: vec![finding(FindingKind::Skipped, "not now", "")], ..case("tests.a", "test_two") };
    run.end("tests/a.py", Some(1), UnitOutcome::Passed, None, vec![passed, skipped]);
    let failed = Case {
        findings: vec![
            finding(FindingKind::Failure, "assert 1 == 2\nmore", "E assert 1 == 2 ]]> \u{1B}[31mred"),
            finding(FindingKind::Skipped, "too", ""),
        ],
        system_out: Some("out".into()),
        properties: vec![("k".into(), "<v>".into())],
        ..case("", "")
    };
    run.end("tests/b.py", Some(2), UnitOutcome::Failed, None, vec![failed]);
    run.end("tests/c.py", Some(2), UnitOutcome::Errored(Cause::Timeout), Some(trouble(Cause::Timeout)), vec![]);
    run.push(EventKind::Cancelled { why: CancelReason::Interrupt });
    run.end("tests/d.py", None, UnitOutcome::NotRun, None, vec![]);
    run.finish();
    let document = written(&run.state());
    assert_truthful(&run.state(), &document, &strictly(std::slice::from_ref(&document))[0]);
    let readable = String::from_utf8(document).unwrap().replace("><", ">\n<");
    let version = concat!("\"minke.version\" value=\"", env!("CARGO_PKG_VERSION"));
    let readable = readable.replace(version, "\"minke.version\" value=\"VERSION");
    insta::assert_snapshot!(readable, @r#"
    <?xml version="1.0" encoding="utf-8"?>
    <testsuites name="minke" tests="6" failures="1" errors="3" skipped="1" time="4.2" timestamp="2026-11-21T02:00:01.5Z" id="01890a5d-ac96-774b-bcce-b302099a8057">
    <testsuite id="0" name="tests/a.py" package="tests.a" tests="2" errors="0" failures="0" hostname="shard-1" timestamp="2026-11-21T02:00:02.5Z" time="0.2" skipped="1" file="tests/a.py">
    <properties>
    <property name="minke.version" value="VERSION"/>
    <property name="minke.run" value="01890a5d-ac96-774b-bcce-b302099a8057"/>
    <property name="minke.framework" value="pytest"/>
    <property name="minke.image" value="python:3"/>
    <property name="minke.image-id" value="sha256:0123"/>
    <property name="minke.image-digest" value="registry.example/image@sha256:4567"/>
    <property name="minke.shard" value="1"/>
    <property name="minke.container" value="c0ffee1"/>
    <property name="minke.outcome" value="passed"/>
    <property name="minke.attempt" value="1"/>
    <property name="minke.wall" value="1.25"/>
    </properties>
    <testcase name="test_one" time="0.1" classname="tests.a" file="tests/a.py" line="7"/>
    <testcase name="test_two" time="0.1" classname="tests.a" file="tests/a.py">
    <skipped type="AssertionError" message="not now"/>
    </testcase>
    </testsuite>
    <testsuite id="1" name="tests/b.py" package="tests.b" tests="1" errors="0" failures="1" hostname="shard-2" timestamp="2026-11-21T02:00:05.5Z" time="0.1" skipped="0" file="tests/b.py">
    <properties>
    <property name="minke.version" value="VERSION"/>
    <property name="minke.run" value="01890a5d-ac96-774b-bcce-b302099a8057"/>
    <property name="minke.framework" value="pytest"/>
    <property name="minke.image" value="python:3"/>
    <property name="minke.image-id" value="sha256:0123"/>
    <property name="minke.image-digest" value="registry.example/image@sha256:4567"/>
    <property name="minke.shard" value="2"/>
    <property name="minke.container" value="c0ffee2"/>
    <property name="minke.outcome" value="failed"/>
    <property name="minke.attempt" value="1"/>
    <property name="minke.wall" value="1.25"/>
    </properties>
    <testcase name="(unnamed)" time="0.1" classname="tests.b" file="tests/b.py">
    <properties>
    <property name="k" value="&lt;v&gt;"/>
    </properties>
    <failure type="AssertionError" message="assert 1 == 2">
    <![CDATA[assert 1 == 2
    more

    E assert 1 == 2 ]]]]>
    <![CDATA[> red

    [also skipped] AssertionError too
    ]]>
    </failure>
    <system-out>
    <![CDATA[out]]>
    </system-out>
    </testcase>
    </testsuite>
    <testsuite id="2" name="tests/c.py" package="tests.c" tests="1" errors="1" failures="0" hostname="shard-2" timestamp="2026-11-21T02:00:05.5Z" time="1.25" skipped="0" file="tests/c.py">
    <properties>
    <property name="minke.version" value="VERSION"/>
    <property name="minke.run" value="01890a5d-ac96-774b-bcce-b302099a8057"/>
    <property name="minke.framework" value="pytest"/>
    <property name="minke.image" value="python:3"/>
    <property name="minke.image-id" value="sha256:0123"/>
    <property name="minke.image-digest" value="registry.example/image@sha256:4567"/>
    <property name="minke.shard" value="2"/>
    <property name="minke.container" value="c0ffee2"/>
    <property name="minke.outcome" value="errored"/>
    <property name="minke.cause" value="timeout"/>
    <property name="minke.attempt" value="1"/>
    <property name="minke.wall" value="1.25"/>
    </properties>
    <testcase name="(unit)" time="1.25" classname="tests.c" file="tests/c.py">
    <error type="minke.timeout" message="It broke.">
    <![CDATA[It broke.
    Try again.

    The last lines of the output:
    last line]]>
    </error>
    </testcase>
    </testsuite>
    <testsuite id="3" name="tests/d.py" package="tests.d" tests="1" errors="1" failures="0" hostname="minke" timestamp="2026-11-21T02:00:01.5Z" time="1.25" skipped="0" file="tests/d.py">
    <properties>
    <property name="minke.version" value="VERSION"/>
    <property name="minke.run" value="01890a5d-ac96-774b-bcce-b302099a8057"/>
    <property name="minke.framework" value="pytest"/>
    <property name="minke.image" value="python:3"/>
    <property name="minke.image-id" value="sha256:0123"/>
    <property name="minke.image-digest" value="registry.example/image@sha256:4567"/>
    <property name="minke.outcome" value="not run"/>
    <property name="minke.attempt" value="1"/>
    <property name="minke.wall" value="1.25"/>
    </properties>
    <testcase name="(unit)" time="1.25" classname="tests.d" file="tests/d.py">
    <error type="minke.not-run" message="not run: interrupted">
    <![CDATA[not run: interrupted]]>
    </error>
    </testcase>
    </testsuite>
    <testsuite id="4" name="minke shard 3" package="minke.shard-3" tests="1" errors="1" failures="0" hostname="shard-3" timestamp="2026-11-21T02:00:08.5Z" time="2.5" skipped="0">
    <properties>
    <property name="minke.version" value="VERSION"/>
    <property name="minke.run" value="01890a5d-ac96-774b-bcce-b302099a8057"/>
    <property name="minke.framework" value="pytest"/>
    <property name="minke.image" value="python:3"/>
    <property name="minke.image-id" value="sha256:0123"/>
    <property name="minke.image-digest" value="registry.example/image@sha256:4567"/>
    <property name="minke.shard" value="3"/>
    <property name="minke.container" value="c0ffee3"/>
    <property name="minke.wall" value="2.5"/>
    </properties>
    <testcase name="(shard)" time="2.5" classname="minke.shard-3">
    <error type="minke.exit-code" message="It broke.">
    <![CDATA[It broke.
    Try again.

    The last lines of the output:
    last line]]>
    </error>
    </testcase>
    </testsuite>
    </testsuites>
    "#);
}

#[test]
fn a_run_that_did_not_begin_is_an_empty_report() {
    let document = written(&RunState::new());
    let strict = strictly(std::slice::from_ref(&document)).remove(0);
    assert_eq!(strict["suites"], Value::Array(vec![]));
    assert_eq!(strict["attributes"]["tests"], "0");
}

#[test]
fn a_run_that_was_cut_off_has_all_its_units() {
    let mut run = Run::of(&["a.py", "b.py"]);
    run.shard(1, &["a.py"], None);
    let strict = strictly(&[written(&run.state())]).remove(0);
    for suite in array(&strict, "suites") {
        assert_eq!(suite["cases"][0]["type"], "minke.not-run");
        assert_eq!(suite["cases"][0]["message"], "not run: the run ended before it came to this unit");
    }
}

#[test]
fn equal_cases_are_numbered_and_none_is_dropped() {
    let mut run = Run::of(&["a.py"]);
    let names = ["x", "x [2]", "x", "x", "y"];
    let cases = names.iter().map(|name| case("c", name)).collect();
    run.end("a.py", None, UnitOutcome::Passed, None, cases);
    let report = reread(&written(&run.state()));
    let written: Vec<&str> = report.cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(written, ["x", "x [2]", "x [3]", "x [4]", "y"]);
}

#[test]
fn samples_come_back_as_they_were_read() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/junit");
    let mut documents = Vec::new();
    let mut states = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "xml") {
            continue;
        }
        let sample = read("sample", fs::File::open(&path).unwrap(), &ReadLimits::default());
        let mut run = Run::of(&["unit.py"]);
        run.end("unit.py", None, UnitOutcome::Passed, None, sample.cases.clone());
        let document = written(&run.state());
        for (case, original) in reread(&document).cases.iter().zip(&sample.cases) {
            assert_eq!(case.system_out, original.system_out, "{}", path.display());
            let ([finding], [before]) = (case.findings.as_slice(), original.findings.as_slice()) else { continue };
            assert_eq!((finding.kind, &finding.r#type), (before.kind, &before.r#type));
            assert!(finding.text.ends_with(&before.text), "{}: {}", path.display(), finding.text);
            for line in before.message.lines() {
                assert!(finding.message.contains(line.trim()) || finding.text.contains(line.trim_end()), "{line}");
            }
        }
        documents.push(document);
        states.push(run.state());
    }
    for ((state, document), strict) in states.iter().zip(&documents).zip(strictly(&documents)) {
        assert_truthful(state, document, &strict);
    }
}

#[test]
fn hostile_texts_of_10_megabytes_are_cut_and_legal() {
    let hostile = "]]>\u{1B}[31m\0\u{FFFE}\n\u{1F600}]]".repeat(500_000);
    let mut run = Run::of(&["a.py"]);
    let case = Case {
        classname: hostile.clone(),
        name: hostile.clone(),
        file: Some(hostile.clone()),
        findings: vec![Finding {
            kind: FindingKind::Failure,
            message: hostile.clone(),
            r#type: hostile.clone(),
            text: hostile.clone(),
        }],
        system_out: Some(hostile.clone()),
        properties: vec![(hostile.clone(), hostile.clone())],
        ..Case::default()
    };
    run.end("a.py", None, UnitOutcome::Failed, None, vec![case]);
    let document = written(&run.state());
    assert!(document.len() < 10_000_000, "{}", document.len());
    assert_truthful(&run.state(), &document, &strictly(std::slice::from_ref(&document))[0]);
}

#[test]
fn many_equal_cases_are_written_in_one_pass() {
    let mut run = Run::of(&["a.py"]);
    run.end("a.py", None, UnitOutcome::Passed, None, vec![case("c", "same"); 20_000]);
    let document = written(&run.state());
    assert_truthful(&run.state(), &document, &strictly(std::slice::from_ref(&document))[0]);
}

#[test]
fn times_beyond_what_a_report_can_hold_do_no_harm() {
    for at in [Timestamp::MIN, Timestamp::MAX] {
        let mut run = Run::of(&["a.py"]);
        run.shard(1, &["a.py"], None);
        let cases = [f64::NAN, f64::INFINITY, -1.0, 1e300, 0.1 + 0.2]
            .map(|seconds| Case { seconds: Some(seconds), ..case("c", "n") });
        run.end("a.py", Some(1), UnitOutcome::Passed, None, cases.to_vec());
        run.events.iter_mut().for_each(|event| event.at = at);
        let document = written(&run.state());
        let strict = strictly(&[document]).remove(0);
        let times: Vec<&Value> =
            array(&strict["suites"][0], "cases").iter().map(|case| &case["attributes"]["time"]).collect();
        assert_eq!(times, ["0", "1000000000", "0", "1000000000", "0.3"]);
    }
}

#[test]
fn a_file_appears_whole_in_a_directory_that_is_made_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reports/deep/junit.xml");
    let run = Run::of(&["a.py"]);
    write_file(&run.state(), &WriteOptions::default(), &path).unwrap();
    write_file(&run.state(), &WriteOptions::default(), &path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), write(&run.state(), &WriteOptions::default()).unwrap());
    let names: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["junit.xml"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o400, 0o400);
        assert_eq!(mode & 0o111, 0);
    }
}

#[test]
fn an_error_names_the_path() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let path = folder.path().join("file/junit.xml");
    let error = write_file(&RunState::new(), &WriteOptions::default(), &path).unwrap_err();
    assert!(matches!(&error, WriteError::File { path: named, .. } if named == Path::new(&path)));
    assert!(error.to_string().contains("file/junit.xml"), "{error}");
}

#[test]
fn what_is_no_plain_file_stays_what_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let state = RunState::new();
    let real = dir.path().join("real.xml");
    let link = dir.path().join("link.xml");
    fs::write(&real, "old").unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    write_file(&state, &WriteOptions::default(), &link).unwrap();
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert!(fs::read_to_string(&real).unwrap().contains("<testsuites"));
    let pipe = dir.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).unwrap()
    });
    write_file(&state, &WriteOptions::default(), &pipe).unwrap();
    assert!(reader.join().unwrap().contains("<testsuites"));
    assert!(!pipe.metadata().unwrap().is_file(), "the pipe is still there");
}
