//! The reports of a run besides JUnit: Markdown, annotations, trace and the stream of events, each made of events.

mod annotations;
mod any_run;
mod events;
mod markdown;
mod script;
mod trace;
