//! State shared by all events.

use std::time::Duration;

use aws_config::SdkConfig;

use crate::{
    Config, aws,
    domain::storefront::Storefront,
    events::queue::Queue,
    mail::{Mailer, Templates},
    store::Store,
};

/// Time limit of opening connections ahead of the first event.
const WARM_UP: Duration = Duration::from_secs(2);

/// Handles of everything that an event needs. Created once in the life of the process.
#[derive(Debug)]
pub struct AppState {
    /// The queue that the events come from.
    pub queue: Queue,
    /// The table.
    pub store: Store,
    /// Sends mails.
    pub mailer: Mailer,
    /// Templates of mails.
    pub templates: Templates,
    /// Base URL of the links in mails.
    pub storefront: Storefront,
}

impl AppState {
    /// Connects lazily to everything that `config` names: makes no call. Fails on a syntax error in a template.
    pub fn new(config: Config, aws: &SdkConfig) -> Result<Self, minijinja::Error> {
        let ses = aws_sdk_sesv2::Client::from_conf(aws::ses(aws));
        Ok(Self {
            queue: Queue::new(aws_sdk_sqs::Client::new(aws), config.notification_inbox_url),
            store: Store::new(aws_sdk_dynamodb::Client::new(aws), config.notification_table),
            mailer: Mailer::new(ses, config.mail_from),
            templates: Templates::embedded()?,
            storefront: config.storefront_url,
        })
    }

    /// Opens the connections before the function asks for its first event. One that is not open within [`WARM_UP`] only
    /// makes the first event slower. The queue has none, because only events that fail need it.
    pub async fn warm_up(&self) {
        let connect = async { tokio::join!(self.store.warm_up(), self.mailer.warm_up()) };
        let _ = tokio::time::timeout(WARM_UP, connect).await;
    }
}
