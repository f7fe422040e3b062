//! Messages to customers. A notice is the content of one event for a customer; a letter is a notice in the recipient's
//! language, ready for a template. Pure.

pub mod channel;
pub mod contact;
pub mod letter;
pub mod locale;
pub mod notice;
pub mod storefront;
