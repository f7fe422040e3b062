//! The local stack as a library: what `cargo shop` runs, and what tests start for themselves.

pub mod emulator;
pub mod postgres;
pub mod process;
pub mod provision;
pub mod python;
pub mod terraform;
pub mod testing;
pub mod topology;
pub mod units;
