//! No framework can end with 0, or with anything else, without having run a file, and have that file pass.

mod javascript;
mod jest;
mod mocha;
mod vitest;
