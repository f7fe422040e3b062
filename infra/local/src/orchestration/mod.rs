//! A local stack, from the lock on its data folder to the end of its last process.
//!
//! - [`run`]: one run of a stack
//! - `start`: its start on resources that this tool provisions; `deployed`: on resources that Terraform creates
//! - [`external`]: the same steps for programs that something else starts, such as Docker Compose
//! - `provision`, `seed`, `builder`, `stores`: steps that these have in common
//! - `service`: a program with restarts

mod builder;
mod deployed;
pub mod external;
mod function_log;
mod last_run;
mod progress;
mod provision;
mod run;
mod seed;
mod service;
mod start;
mod stores;

pub use function_log::FunctionLog;
pub use run::{Options, run};
