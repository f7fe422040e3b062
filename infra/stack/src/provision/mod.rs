//! Creates the resources of the topology in the emulated AWS. A repetition changes only differences.
//!
//! In this order: [`messaging::provision`], [`tables::provision`], [`keys::signing_key`], [`secrets::secret`],
//! `mail::sender`, `functions::provision`, `public_api::provision`.

#[cfg(feature = "deploy")]
pub mod functions;
pub mod keys;
#[cfg(feature = "deploy")]
pub mod load_balancer;
#[cfg(feature = "deploy")]
pub mod mail;
pub mod messaging;
#[cfg(feature = "deploy")]
pub mod package;
#[cfg(feature = "deploy")]
pub mod public_api;
pub mod secrets;
pub mod tables;
