//! Parts of a local stack, for `cargo shop`, tests, checks and measurements.

pub mod api;
pub mod aws_api;
pub mod build;
pub mod clock;
pub mod emulator;
pub mod folder;
pub mod judge;
#[cfg(feature = "deploy")]
pub mod local_env;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod processes;
pub mod provision;
pub mod python;
pub mod ready;
pub mod record;
pub mod terraform;
pub mod testing;
pub mod topology;
pub mod units;

use std::path::{Path, PathBuf};

/// Root folder of the repository that this crate was built from.
pub fn workspace_root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest).to_owned()
}
