//! `docs/configuration.md` is written by this test from the table of options, and checked against it.
//!
//! `MINKE_WRITE_DOCS=1 cargo test --test configuration` writes it anew.

use minke::config::{CONFIG_VARIABLE, FlagStyle, OPTIONS, OVERRIDABLE, OptionSpec, RESERVED_VARIABLES};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md");
const BEGIN: &str = "<!-- from here to the end of the table: written by tests/configuration.rs -->\n";
const END: &str = "<!-- end of the table -->\n";

fn table() -> String {
    let mut text = String::from(BEGIN);
    let mut section = None;
    for spec in OPTIONS {
        if section != Some(spec.section) {
            section = Some(spec.section);
            text += &format!("\n## {}\n\n", spec.section.title());
            text += "| option | key | variable | default | meaning |\n|---|---|---|---|---|\n";
        }
        let meaning = cell(spec.help().trim_end_matches('.'));
        let default = default(spec);
        text += &format!("| {} | `{}` | `{}` | {default} | {meaning} |\n", flag(spec), spec.key, spec.env);
    }
    text + "\n" + END
}

fn flag(spec: &OptionSpec) -> String {
    let value = if matches!(spec.value, "true|false" | "N") && spec.short.is_some() || spec.value == "true|false" {
        String::new()
    } else {
        format!(" {}", spec.value)
    };
    let long = match spec.style {
        FlagStyle::Trailing => return "after `--`".to_owned(),
        FlagStyle::LongOrPositional => format!("`{}...`, `--{}{value}`", spec.value, spec.key),
        FlagStyle::Long => format!("`--{}{value}`", spec.key),
    };
    let alias = spec.alias.map(|alias| format!(", `--{alias}`")).unwrap_or_default();
    let short = spec.short.map(|short| format!(", `-{short}`")).unwrap_or_default();
    cell(&format!("{long}{alias}{short}"))
}

fn default(spec: &OptionSpec) -> String {
    match (spec.default, spec.otherwise) {
        (Some(default), _) => format!("`{}`", cell(default)),
        (None, otherwise) => cell(otherwise.unwrap_or_default()),
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[test]
fn the_configuration_page_has_every_key_of_an_override() {
    let keys: Vec<String> = OVERRIDABLE.iter().map(|key| format!("`{key}`")).collect();
    let page = std::fs::read_to_string(PATH).unwrap();
    assert!(page.contains(&format!("besides it there are {}, which mean", keys.join(", "))));
}

#[test]
fn the_configuration_page_has_the_variables_without_a_key() {
    let page = std::fs::read_to_string(PATH).unwrap();
    let (_, rest) = page.split_once("## Variables without a key").unwrap();
    let (section, _) = rest.split_once("\n## ").unwrap();
    for variable in RESERVED_VARIABLES.iter().chain([&CONFIG_VARIABLE]) {
        assert!(section.contains(&format!("`{variable}`")), "{variable}");
    }
}

#[test]
fn the_configuration_page_has_every_option() {
    let page = std::fs::read_to_string(PATH).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the page has the mark where the table begins");
    let (_, after) = rest.split_once(END).expect("the page has the mark where the table ends");
    let wanted = format!("{before}{}{after}", table());
    if std::env::var_os("MINKE_WRITE_DOCS").is_some() {
        std::fs::write(PATH, wanted).unwrap();
    } else {
        assert!(page == wanted, "docs/configuration.md is old: MINKE_WRITE_DOCS=1 cargo test --test configuration");
    }
}
