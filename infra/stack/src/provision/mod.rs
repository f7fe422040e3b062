//! Makes what the topology lists, in an AWS that may have all or some of it already: everything here may run again,
//! and then changes only what is different.
//!
//! In this order: [`messaging::provision`], [`tables::provision`], [`keys::signing_key`], [`secrets::secret`],
//! [`mail::sender`], [`functions::provision`], [`front_door::provision`].

pub mod front_door;
pub mod functions;
pub mod keys;
pub mod load_balancer;
pub mod mail;
pub mod messaging;
pub mod package;
pub mod secrets;
pub mod tables;
