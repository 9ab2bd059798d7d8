//! The command line: clap types and wiring, one file per subcommand.
