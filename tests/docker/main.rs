//! The real binary against a real Docker engine and real frameworks. `tests/run.sh` prepares the engine and the images.

mod support;

mod build;
mod clean;
mod compose;
mod counts;
mod coverage;
mod discovery;
mod embed;
mod engine_death;
mod evidence;
mod exit_zero;
mod files;
mod hardening;
mod image;
mod live;
mod names;
mod options;
mod output;
mod overrides;
mod parts;
mod pull;
mod registry;
mod remote;
mod reports;
mod secrets;
mod service_life;
mod services;
mod show;
mod socket;
mod sources;
mod stop;
