//! What users type, and what minke makes of it.

mod bad_input;
mod build;
mod command;
mod environment;
mod files;
mod options;
mod overrides;
mod precedence;
mod project;
mod services;
