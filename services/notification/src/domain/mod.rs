pub mod channel;
pub mod contact;
pub mod letter;
pub mod locale;
pub mod notice;
pub mod storefront;
