//! Shards test files over containers, runs the shards at the same time and merges their results into one truthful report.

pub mod cli;
pub mod compose;
pub mod config;
pub mod discover;
pub mod engine;
pub mod framework;
pub mod model;
pub mod notation;
pub mod plan;
pub mod report;
pub mod run;
pub mod schedule;
pub mod snapshot;
pub mod source;

pub use run::run;
