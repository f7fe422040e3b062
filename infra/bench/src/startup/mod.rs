//! Figures of a release build, each with its bar.
//!
//! - [`startup`]: the command: builds, measures, judges
//! - `aws`: AWS as programs meet it while they start
//! - `runtime_api`: what stands for the Lambda service
//! - `functions`: from a process's start to the first event
//! - `sizes`: of what is deployed
//! - `memory`: of services that have nothing to do
//! - `report`: figures beside their bars

mod aws;
mod figures;
mod functions;
mod memory;
mod report;
mod runtime_api;
mod sizes;

pub use figures::startup;
