//! Tells customers what happened to their account and their orders: one message per event and channel.

pub mod clock;
pub mod config;
/// Which event becomes which message, and what stands in it. Pure.
pub mod domain;
pub mod error;
/// What each event asks for, and the Lambda entry that brings them.
pub mod events;
/// From a letter to a mail, and out.
pub mod mail;
/// Contact data, messages, and messages that wait.
pub mod store;
pub mod telemetry;

pub use config::Config;
pub use error::Error;

use domain::storefront::Storefront;
use mail::{Mailer, Templates};
use store::Store;

/// What every event is handled with.
#[derive(Debug)]
pub struct AppState {
    /// The service's table.
    pub store: Store,
    /// The way out for mails.
    pub mailer: Mailer,
    /// What mails are made of.
    pub templates: Templates,
    /// Where the links in mails lead.
    pub storefront: Storefront,
}

impl AppState {
    /// Everything that `config` names, reached as `aws` tells.
    ///
    /// # Errors
    /// Where a template has a mistake in its syntax.
    pub fn new(config: Config, aws: &aws_config::SdkConfig) -> Result<Self, minijinja::Error> {
        let dynamodb = aws_sdk_dynamodb::Client::new(aws);
        let ses = aws_sdk_sesv2::Client::from_conf(config::ses(aws));
        Ok(Self {
            store: Store::new(dynamodb, config.notification_table),
            mailer: Mailer::new(ses, config.mail_from),
            templates: Templates::embedded()?,
            storefront: config.storefront_url,
        })
    }
}
