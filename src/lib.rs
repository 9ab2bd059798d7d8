//! Shards test files over containers, runs the shards at the same time and merges their results into one truthful report.

pub mod config;
pub mod engine;
pub mod framework;
pub mod model;
pub mod plan;
pub mod report;
pub mod schedule;
