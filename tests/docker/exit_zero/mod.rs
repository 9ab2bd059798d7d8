//! Every way in which a framework ends with 0 without having run is an error with a cause, and what a bad file does never
//! hides its neighbours.

mod behave;
mod beside;
mod rspec;
mod unittest;
