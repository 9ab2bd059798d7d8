//! The names by which frameworks are asked for.

/// What `--framework` takes. `auto` looks at the project and the image, and `cucumber` is Ruby's or JavaScript's.
pub const FRAMEWORK_NAMES: &[&str] = &[
    "auto",
    "pytest",
    "unittest",
    "behave",
    "cucumber",
    "cucumber-ruby",
    "cucumber-js",
    "rspec",
    "jest",
    "vitest",
    "mocha",
    "go-test",
    "cargo-nextest",
    "bats",
    "prove",
    "command",
];
