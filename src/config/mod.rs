//! Settings: what was typed, then what it means.
