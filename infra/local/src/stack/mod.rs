//! A whole shop on this machine, from its data folder to its last process.
//!
//! - [`run`]: one run of a stack, from the lock on its folder to the last process's end
//! - `start`: the steps from nothing to ready
//! - `deployed`: the same, as Terraform makes it
//! - `service`: a program of ours that is kept running
//! - `settings`: what every program is told
//! - `accounts`: who can sign in
//! - [`provision`], [`seed`]: what is left to do for a shop whose programs somebody else starts
//! - `construction`, `stores`: what all stacks have in common
//! - `build`, `folder`, `ports`, `progress`, `ready`, `record`, `function_log`: what these need

mod accounts;
mod build;
mod construction;
mod deployed;
mod elsewhere;
mod folder;
mod function_log;
mod last_run;
mod ports;
mod progress;
mod ready;
mod record;
mod replica;
mod run;
mod service;
mod settings;
mod start;
mod stores;

use std::path::{Path, PathBuf};

pub use build::{Binaries, build_deployed};
pub use elsewhere::{Site, provision, read_accounts, seed};
pub use folder::Folder;
pub use function_log::FunctionLog;
pub use ports::Ports;
pub use ready::answers;
pub use record::{Account, Board, Part, Record, Urls};
pub use run::{Options, run};
pub use settings::{Addresses, Environment, FunctionSettings, MAIL_ADDRESS, Override, PROCESSOR_KEY, Settings};

/// The repository that this tool was built from.
pub fn workspace_root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest).to_owned()
}
