//! Batches for SNS. Pure.

pub mod batch;
