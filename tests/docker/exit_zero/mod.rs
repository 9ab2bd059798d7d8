//! Every way of ending with exit code 0 without having run is an error with a cause, and hides nothing beside it.

mod bats;
mod behave;
mod beside;
mod cargo_nextest;
mod command;
mod cucumber_js;
mod filters;
mod go_test;
mod javascript;
mod jest;
mod mocha;
mod prove;
mod rspec;
mod unittest;
mod vitest;
