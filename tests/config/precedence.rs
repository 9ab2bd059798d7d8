//! A flag beats the environment, the environment beats the file, the file beats the default.

use minke::config::{Color, OPTIONS, Origin, Printed, Settings, Shape, Verbosity};
use minke::config::{parse_duration, parse_size, print_duration, print_size};
use proptest::prelude::{Just, ProptestConfig, any, prop_assert_eq, prop_oneof, proptest};
use std::time::Duration;

use crate::options::{SAMPLES, given, samples};
use crate::project::{Project, rows};

fn values(settings: &Settings, key: &str) -> Vec<(Printed, Origin)> {
    rows(settings, key).into_iter().map(|row| (row.value.clone(), row.origin.clone())).collect()
}

#[test]
fn the_stronger_source_wins_for_every_option() {
    for (spec, [one, other], [one_toml, _]) in samples() {
        let file = values(&given(spec, None, None, Some(one_toml)), spec.key);
        let variable = values(&given(spec, None, Some(other), None), spec.key);
        let flag = values(&given(spec, Some(one), None, None), spec.key);
        let variable_over_file = values(&given(spec, None, Some(other), Some(one_toml)), spec.key);
        let flag_over_both = values(&given(spec, Some(one), Some(other), Some(one_toml)), spec.key);
        match spec.shape {
            Shape::All => {
                assert_eq!(variable_over_file, [file.clone(), variable.clone()].concat(), "{}", spec.key);
                assert_eq!(flag_over_both, [file, variable, flag].concat(), "{}", spec.key);
            }
            Shape::One | Shape::Switch | Shape::Count | Shape::Many => {
                assert_eq!(variable_over_file, variable, "{}", spec.key);
                assert_eq!(flag_over_both, flag, "{}", spec.key);
            }
        }
    }
}

proptest! {
    #[test]
    fn merging_is_right_biased(
        row in 0..SAMPLES.len(),
        flag in any::<Option<bool>>(),
        variable in any::<Option<bool>>(),
        file in any::<Option<bool>>(),
    ) {
        let (spec, plain, toml) = samples().nth(row).unwrap();
        let pick = |sample: [&'static str; 2]| move |second: bool| sample[usize::from(second)];
        let (flag, variable, file) = (flag.map(pick(plain)), variable.map(pick(plain)), file.map(pick(toml)));
        let merged = values(&given(spec, flag, variable, file), spec.key);
        let single = [given(spec, None, None, file), given(spec, None, variable, None), given(spec, flag, None, None)];
        let sources = [file, variable, flag];
        let present = single.iter().zip(sources).filter(|(_, source)| source.is_some());
        let present: Vec<_> = present.map(|(settings, _)| values(settings, spec.key)).collect();
        let expected = match (spec.shape, present.last()) {
            (_, None) => values(&given(spec, None, None, None), spec.key),
            (Shape::All, Some(_)) => present.concat(),
            (Shape::One | Shape::Switch | Shape::Count | Shape::Many, Some(strongest)) => strongest.clone(),
        };
        prop_assert_eq!(merged, expected);
    }

    #[test]
    fn a_printed_duration_is_read_as_the_same(millis in 1..31_000_000_000_u64) {
        let duration = Duration::from_millis(millis);
        prop_assert_eq!(parse_duration(&print_duration(duration)), Ok(duration));
    }

    #[test]
    fn a_bare_number_is_seconds(seconds in 1..31_000_000_u64) {
        prop_assert_eq!(parse_duration(&seconds.to_string()), Ok(Duration::from_secs(seconds)));
    }

    #[test]
    fn a_printed_size_is_read_as_the_same(bytes in any::<u64>(), shift in prop_oneof![Just(0), Just(10), Just(20), Just(30)]) {
        let bytes = bytes >> shift << shift;
        prop_assert_eq!(parse_size(&print_size(bytes)), Ok(bytes));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn no_text_makes_the_parsers_panic(text in ".{0,20}") {
        for spec in OPTIONS.iter().filter(|spec| !text.contains('\0') && spec.key != "env-file") {
            let _ = Project::new().variable(spec.env, &text).settings(&["run"]);
        }
    }
}

#[test]
fn sizes_are_those_of_docker() {
    let table = [
        ("1073741824", 1 << 30),
        ("10b", 10),
        ("7k", 7 << 10),
        ("512m", 512 << 20),
        ("512M", 512 << 20),
        ("512mb", 512 << 20),
        ("2g", 2 << 30),
        ("1.5GiB", 3 << 29),
        ("1 KiB", 1 << 10),
        ("1t", 1 << 40),
    ];
    for (text, bytes) in table {
        assert_eq!(parse_size(text), Ok(bytes), "{text}");
    }
    for text in ["", "m", "-1m", "1x", "1bb", "1mi", "1.2.3g", "1e3", "99999999999t", "0x10"] {
        assert!(parse_size(text).is_err(), "{text}");
    }
}

#[test]
fn positional_files_replace_those_of_the_file() {
    let project = Project::new().file("minke.toml", "files = ['features/']\nexclude = ['x']\n");
    let settings = project.settings(&["run", "tests/", "--files", "more/"]).unwrap();
    assert_eq!(
        (settings.files, settings.exclude),
        (vec!["tests/".to_owned(), "more/".to_owned()], vec!["x".to_owned()])
    );
}

#[test]
fn a_stronger_max_failures_beats_fail_fast_and_the_other_way_round() {
    let project = Project::new().file("minke.toml", "fail-fast = true\n");
    let settings = project.settings(&["run", "--max-failures", "5"]).unwrap();
    assert_eq!(settings.policy.max_failures.unwrap().get(), 5);
    assert_eq!(values(&settings, "fail-fast"), [(Printed::One("false".to_owned()), Origin::Default)]);
    assert_eq!(project.settings(&["run", "--fail-fast=false"]).unwrap().policy.max_failures, None);

    let project = Project::new().file("minke.toml", "max-failures = 5\n");
    let settings = project.settings(&["run", "--fail-fast"]).unwrap();
    assert_eq!(settings.policy.max_failures.unwrap().get(), 1);
    assert_eq!(values(&settings, "max-failures"), [(Printed::Unset(Some("no limit")), Origin::Default)]);
}

#[test]
fn a_stronger_verbose_beats_quiet() {
    let project = Project::new().file("minke.toml", "quiet = true\n");
    assert_eq!(project.settings(&["run"]).unwrap().verbosity, Verbosity::Quiet);
    assert_eq!(project.settings(&["run", "-v"]).unwrap().verbosity, Verbosity::Verbose(1));
}

#[test]
fn no_color_means_never_unless_minke_is_told_otherwise() {
    let project = Project::new().variable("NO_COLOR", "1").file("minke.toml", "color = 'always'\n");
    let settings = project.settings(&["run"]).unwrap();
    assert_eq!(settings.color, Color::Never);
    assert_eq!(values(&settings, "color")[0].1, Origin::Env("NO_COLOR".to_owned()));
    assert_eq!(project.settings(&["run", "--color", "always"]).unwrap().color, Color::Always);
    assert_eq!(project.variable("MINKE_COLOR", "auto").settings(&["run"]).unwrap().color, Color::Auto);
    assert_eq!(Project::new().variable("NO_COLOR", "").settings(&["run"]).unwrap().color, Color::Auto);
}
