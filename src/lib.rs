//! Shards test files over containers, runs the shards at the same time and merges their results into one truthful report.

pub mod cli;
pub mod config;
pub mod model;
pub mod report;
