//! A whole shop on this machine, from its data folder to its last process.
//!
//! - [`run`]: one run of a stack, from the lock on its folder to the last process's end
//! - `start`: the steps from nothing to ready
//! - `deployed`: the same, as Terraform makes it
//! - `service`: a program of ours that is kept running
//! - `accounts`: who can sign in
//! - [`provision`], [`seed`]: what is left to do for a shop whose programs somebody else starts
//! - `construction`, `stores`: what all stacks have in common
//! - `progress`, `function_log`: what these need

mod accounts;
mod construction;
mod deployed;
mod elsewhere;
mod function_log;
mod last_run;
mod progress;
mod replica;
mod run;
mod service;
mod start;
mod stores;

pub use elsewhere::{Site, provision, read_accounts, seed};
pub use function_log::FunctionLog;
pub use run::{Options, run};
pub use stack::{
    build,
    folder::Folder,
    ports, ready,
    record::{Account, Board, Part, Record, Urls},
    settings::{self, Override},
    workspace_root,
};
