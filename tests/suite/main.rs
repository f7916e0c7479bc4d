//! The only test binary: each behaviour that needs files, sockets or processes, module by module.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests touch the outside, and a panic is how one fails; clippy spares only #[test] functions"
)]

mod acceptance;
mod cli_help;
mod cli_state;
mod crash;
mod emulator;
mod manifest;
mod render;
mod sim;
mod store;
mod support;
mod tidy;
mod wire;
