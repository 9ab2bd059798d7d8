use proptest::prelude::*;

use super::Lcov;
use crate::model::LineCounts;

/// Merges tracefiles that have no fault.
fn merged<'a>(files: impl IntoIterator<Item = &'a String>) -> Lcov {
    let mut merged = Lcov::default();
    for file in files {
        assert_eq!(merged.read("a", file.as_bytes()), Vec::<String>::new(), "{file}");
    }
    merged
}

fn written(lcov: &Lcov) -> String {
    let mut bytes = Vec::new();
    lcov.write(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn read(text: &str) -> (Lcov, Vec<String>) {
    let mut lcov = Lcov::default();
    let faults = lcov.read("shards/2/lcov.info", text.as_bytes());
    (lcov, faults)
}

#[test]
fn counts_are_summed_and_sums_counted_anew() {
    let one = "TN:unit\nSF:a.c\nVER:1\nFN:1,main\nFN:5,9,more, with commas\nFNDA:1,main\nFNDA:0,more, with commas\nFNF:2\nFNH:1\n\
               BRDA:2,0,0,-\nBRDA:2,0,1,3\nBRDA:2,e0,jump to line 3, or not,0\nBRF:3\nBRH:1\nDA:1,1,abc\nDA:2,0\nLF:2\nLH:1\nend_of_record\n";
    let other = "# a comment\r\nTN:\r\nSF:a.c\r\nFNDA:2,main\r\nBRDA:2,0,0,0\r\nBRDA:10,0,0,1\r\nDA:2,4\r\nDA:10,0\r\nLF:99\r\nLH:99\r\nend_of_record\r\n\
                 SF:b.c\nFNL:0,3,8\nFNA:0,7,f\nMCDC:4,2,t,1,0,a && b, c\nDA:3,7\nend_of_record\n";
    let merged = merged([&one.to_owned(), &other.to_owned()]);
    let wanted = "TN:unit\nSF:a.c\nVER:1\nFN:1,main\nFN:5,9,more, with commas\nFNDA:3,main\nFNDA:0,more, with commas\nFNF:2\nFNH:1\n\
                  BRDA:2,0,0,0\nBRDA:2,0,1,3\nBRDA:2,e0,jump to line 3, or not,0\nBRDA:10,0,0,1\nBRF:4\nBRH:2\n\
                  DA:1,1,abc\nDA:2,4\nDA:10,0\nLF:3\nLH:2\nend_of_record\n\
                  TN:\nSF:b.c\nFN:3,8,f\nFNDA:7,f\nFNF:1\nFNH:1\nMCDC:4,2,t,1,0,a && b, c\nMCF:1\nMCH:1\nDA:3,7\nLF:1\nLH:1\nend_of_record\n";
    assert_eq!(written(&merged), wanted);
    assert_eq!(merged.lines(), LineCounts { covered: 3, total: 4 });
    assert_eq!(merged.contradictions(), Vec::<String>::new());
}

#[test]
fn a_branch_that_no_container_came_to_stays_so() {
    let dash = "SF:a\nBRDA:1,0,0,-\nend_of_record\n".to_owned();
    assert!(written(&merged([&dash, &dash])).contains("BRDA:1,0,0,-\nBRF:1\nBRH:0\n"));
}

#[test]
fn a_malformed_line_is_named_and_the_rest_counts() {
    let (lcov, faults) =
        read("SF:a.c\nDA:x,1\nDA:2,1\nDA:3,-1\nwhat is this\nDA:4,18446744073709551616\nend_of_record\n");
    assert_eq!(lcov.lines(), LineCounts { covered: 1, total: 1 });
    let lines: Vec<&str> = faults.iter().map(|fault| fault.split(": ").next().unwrap()).collect();
    assert_eq!(lines, [2, 4, 5, 6].map(|line| format!("`shards/2/lcov.info` line {line}")), "{faults:?}");
    assert!(faults[0].contains("`DA:x,1` is no line of lcov's"), "{faults:?}");
}

#[test]
fn a_file_that_breaks_off_is_named_and_counts_so_far() {
    let (lcov, faults) = read("SF:a.c\nDA:1,1\nSF:b.c\nDA:1,0\nDA:2,");
    assert_eq!(lcov.lines(), LineCounts { covered: 1, total: 2 });
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert!(faults[0].contains("line 3: the record of `a.c` has no `end_of_record`"), "{faults:?}");
    assert!(faults[2].contains("it ends within the record of `b.c`"), "{faults:?}");
    assert!(read("DA:1,1\nend_of_record\n").1[0].contains("before any `SF`"));
}

#[test]
fn many_faults_are_counted_and_long_lines_passed_over() {
    let text = format!("SF:a\n{}DA:1,1\nend_of_record\n", "x\n".repeat(50));
    let (lcov, faults) = read(&text);
    assert_eq!((lcov.lines().covered, faults.len()), (1, 6));
    assert!(faults[5].contains("45 more"), "{faults:?}");
    let (lcov, faults) = read(&format!("SF:a\n{}\nDA:7,1\nend_of_record\n", "x".repeat(300_000)));
    assert_eq!(lcov.lines().covered, 1);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains("line 2: "), "{faults:?}");
}

#[test]
fn sources_of_different_texts_are_a_contradiction() {
    let with = |sum: &str| format!("SF:a.c\nDA:1,1,{sum}\nend_of_record\n");
    let (same, other) = (with("x"), with("y"));
    assert!(merged([&same, &same]).contradictions().is_empty());
    assert_eq!(merged([&same, &other]).contradictions(), ["containers had different versions of `a.c`"]);
}

/// One line of a record, of all kinds.
fn entry() -> impl Strategy<Value = String> {
    let branch = (0..3u8, 0..2u8, prop_oneof![Just("0"), Just("10"), Just("2"), Just("else, or")]);
    prop_oneof![
        (1..6u8, 0..3u8, prop::option::of("[ab]")).prop_map(|(line, hits, sum)| match sum {
            Some(sum) => format!("DA:{line},{hits},{sum}"),
            None => format!("DA:{line},{hits}"),
        }),
        (1..4u8, "[fg]").prop_map(|(line, name)| format!("FN:{line},{name}")),
        (0..3u8, "[fg]").prop_map(|(hits, name)| format!("FNDA:{hits},{name}")),
        (branch, prop::option::of(0..3u8)).prop_map(|((line, block, name), taken)| {
            format!("BRDA:{line},{block},{name},{}", taken.map_or("-".to_owned(), |taken| taken.to_string()))
        }),
        (1..3u8, 0..3u8, 0..2u8).prop_map(|(line, hits, index)| format!("MCDC:{line},2,t,{hits},{index},c")),
        "[12]".prop_map(|version| format!("VER:{version}")),
    ]
}

fn tracefile() -> impl Strategy<Value = String> {
    let record = ("[tu]?", "[ab]", prop::collection::vec(entry(), 0..8));
    let record = record
        .prop_map(|(test, source, entries)| format!("TN:{test}\nSF:{source}\n{}\nend_of_record\n", entries.join("\n")));
    prop::collection::vec(record, 0..3).prop_map(|records| records.concat())
}

proptest! {
    #[test]
    fn neither_order_nor_grouping_matters(files in prop::collection::vec(tracefile(), 0..5), at in 0..5usize) {
        let whole = merged(&files);
        prop_assert_eq!(&merged(files.iter().rev()), &whole);
        let (one, other) = files.split_at(at.min(files.len()));
        let grouped = [written(&merged(one)), written(&merged(other))];
        // What is written has one checksum, version and test at the most; all counts are there again.
        let counts = |lcov: &Lcov| {
            let text = written(lcov);
            let lines = text.lines().filter(|line| !line.starts_with("TN:") && !line.starts_with("VER:"));
            lines.map(|line| line.split(",a").next().unwrap().split(",b").next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        prop_assert_eq!(counts(&merged(&grouped)), counts(&whole));
    }

    #[test]
    fn the_same_file_twice_covers_the_same_lines(file in tracefile()) {
        let (once, twice) = (merged([&file]), merged([&file, &file]));
        prop_assert_eq!(once.lines(), twice.lines());
        let keys = |lcov: &Lcov| {
            let found = written(lcov);
            let sums = found.lines().filter(|line| line[..3].ends_with(['F', 'H']) || line.starts_with(['L', 'B']));
            sums.filter(|line| !line.starts_with("BRDA")).map(str::to_owned).collect::<Vec<_>>()
        };
        prop_assert_eq!(keys(&once), keys(&twice));
    }

    #[test]
    fn what_is_written_is_read_back_to_the_same_bytes(files in prop::collection::vec(tracefile(), 0..4)) {
        let text = written(&merged(&files));
        prop_assert_eq!(&written(&merged([&text])), &text);
    }

    #[test]
    fn anything_at_all_is_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut lcov = Lcov::default();
        lcov.read("a", &bytes[..]);
        lcov.read("a", &[b"SF:a\nDA:", &bytes[..]].concat()[..]);
        merged([&written(&lcov)]);
    }
}
