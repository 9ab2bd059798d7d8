//! JUnit files: a tolerant reader of any, and the writer of one.
