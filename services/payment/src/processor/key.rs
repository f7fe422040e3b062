//! The secret key of the shop's account with the processor, as AWS Secrets Manager keeps it.
//!
//! It is read once while the function starts, and then again only where there is a reason to: the processor refused it,
//! or it is old. So a key that is rotated takes effect without a deployment, and Secrets Manager is asked once an hour.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use aws_config::{SdkConfig, timeout::TimeoutConfig};
use aws_sdk_secretsmanager::{Client, config::Builder};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::config::Config;

/// How long Secrets Manager may take, with its retries: messages wait for it.
const READ_TIMEOUT: Duration = Duration::from_secs(3);

/// Why there is no key to show. Neither error quotes the secret.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Secrets Manager does not hand it out, or not now.
    #[error("the secret {arn} cannot be read")]
    Unreadable {
        /// Which.
        arn: String,
        /// Secrets Manager's answer, or what went wrong on the way.
        #[source]
        cause: Box<dyn StdError + Send + Sync>,
    },
    /// It is not the plain text of a key.
    #[error("the secret {arn} is no key: its text must be the key and nothing else, such as sk_live_…")]
    NotAKey {
        /// Which.
        arn: String,
    },
}

/// The account's key. Clones share what was read.
#[derive(Clone)]
pub(super) struct AccountKey(Arc<Shared>);

struct Shared {
    client: Client,
    arn: String,
    max_age: Duration,
    min_pause: Duration,
    held: Mutex<Option<Held>>,
}

struct Held {
    key: SecretString,
    read_at: Instant,
    /// The last reading that was tried, whether or not it succeeded.
    tried_at: Instant,
}

impl Held {
    fn new(key: SecretString) -> Self {
        let now = Instant::now();
        Self { key, read_at: now, tried_at: now }
    }
}

impl AccountKey {
    /// The key that the settings name. Makes no call.
    pub(super) fn new(config: &Config, aws: &SdkConfig) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(1))
            .operation_attempt_timeout(READ_TIMEOUT / 2)
            .operation_timeout(READ_TIMEOUT);
        Self(Arc::new(Shared {
            client: Client::from_conf(Builder::from(aws).timeout_config(timeouts.build()).build()),
            arn: config.stripe_secret_key_arn.clone(),
            max_age: config.processor_key_max_age,
            min_pause: config.processor_key_min_pause,
            held: Mutex::new(None),
        }))
    }

    /// The key to show. Is read where none is held yet, and again where the one that is held is old.
    pub(super) async fn current(&self) -> Result<SecretString, KeyError> {
        let mut held = self.0.held.lock().await;
        match &mut *held {
            Some(held) => {
                if held.read_at.elapsed() >= self.0.max_age {
                    self.0.read_again(held).await;
                }
                Ok(held.key.clone())
            }
            None => Ok(held.insert(Held::new(self.0.read().await?)).key.clone()),
        }
    }

    /// The key that replaced the one that the processor refused, if there is one by now.
    pub(super) async fn instead_of(&self, refused: &SecretString) -> Option<SecretString> {
        let mut held = self.0.held.lock().await;
        let held = held.as_mut()?;
        if is_same(&held.key, refused) {
            self.0.read_again(held).await;
        }
        (!is_same(&held.key, refused)).then(|| held.key.clone())
    }
}

impl Shared {
    /// Reads the key again, unless that was tried a moment ago. A known key is better than none: where it cannot be
    /// read, the one that is held stays.
    async fn read_again(&self, held: &mut Held) {
        if held.tried_at.elapsed() < self.min_pause {
            return;
        }
        held.tried_at = Instant::now();
        match self.read().await {
            Ok(key) => {
                if !is_same(&held.key, &key) {
                    tracing::info!("the processor's key was rotated");
                }
                *held = Held::new(key);
            }
            Err(error) => {
                tracing::warn!(error = contracts::error::chain(&error), "the known key of the processor stays in use")
            }
        }
    }

    async fn read(&self) -> Result<SecretString, KeyError> {
        let answer = self.client.get_secret_value().secret_id(&self.arn).send().await;
        let answer = answer.map_err(|cause| KeyError::Unreadable { arn: self.arn.clone(), cause: Box::new(cause) })?;
        // A file that was put there as the secret most likely ends with a line break.
        let text = answer.secret_string().unwrap_or_default().trim();
        let is_key = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if is_key { Ok(SecretString::from(text)) } else { Err(KeyError::NotAKey { arn: self.arn.clone() }) }
    }
}

fn is_same(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret() == other.expose_secret()
}
