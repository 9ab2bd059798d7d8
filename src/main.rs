//! The `minke` command.

fn main() {}
