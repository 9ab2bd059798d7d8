//! Reports on a terminal, and the file of events: fixture events in, text out.

mod event_log;
mod fixture;
mod live;
mod output;
mod plain;
mod record;
mod summary;
