//! A local stack, from the lock on its data folder to the end of its last process.
//!
//! - [`run`]: one run of a stack
//! - `start`: its start on resources that this tool provisions; `deployed`: on resources that Terraform creates
//! - `stores`, `provision`, `builder`, `seed`: steps of a start
//! - `service`: a program with restarts

mod builder;
mod deployed;
mod function_log;
mod last_run;
mod progress;
mod provision;
mod run;
pub mod seed;
mod service;
mod start;
mod stores;

pub use function_log::FunctionLog;
pub use progress::Progress;
pub use provision::{Endpoints, Resources};
pub use run::{Options, run};
