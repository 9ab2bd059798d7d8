//! Compose files, and what minke makes of them.

mod bad_input;
mod files;
mod hostile;
mod keys;
mod project;
mod selection;
mod warnings;
