//! The merge of reports: what holds for any of them, what is written, and the command.

mod algebra;
mod command;
mod hostile;
mod samples;
mod schema;
mod small;
mod support;
