//! The real binary against a real Docker engine and real frameworks. `tests/run.sh` prepares the engine and the images.

mod support;

mod clean;
mod counts;
mod embed;
mod engine_death;
mod live;
mod output;
mod stop;
