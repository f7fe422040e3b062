//! The function as Lambda runs it, on a real table and the processor simulator.

#![cfg(test)]

mod asked_again;
mod authorize;
mod batch;
mod key;
mod mismatch;
mod support;
mod unknown_outcomes;
mod void;
