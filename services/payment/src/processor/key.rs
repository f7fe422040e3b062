//! The secret key of the account with the processor, kept in AWS Secrets Manager.
//!
//! It is read when the function starts, and again only if the processor refuses it or it is old. A rotated key takes
//! effect without a deployment, and Secrets Manager is called about once an hour.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use aws_config::{SdkConfig, timeout::TimeoutConfig};
use aws_sdk_secretsmanager::{Client, config::Builder};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::timing::Timing;
use crate::config::Config;

/// Timeout of one read, retries included. Messages wait for it.
const READ_TIMEOUT: Duration = Duration::from_secs(3);

/// The key is not available. No variant quotes the secret.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Secrets Manager refused the read, or could not be reached.
    #[error("cannot read the secret {arn}")]
    Unreadable {
        /// ARN of the secret.
        arn: String,
        /// Error of Secrets Manager or of the connection.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// An attempt to read the secret failed a moment ago.
    #[error("the secret {arn} could not be read a moment ago")]
    Paused {
        /// ARN of the secret.
        arn: String,
    },
    /// The secret does not have the form of a key.
    #[error("the secret {arn} is not a key: its text must be the key and nothing else, such as sk_live_…")]
    NotAKey {
        /// ARN of the secret.
        arn: String,
    },
}

/// The account's key. Clones share the cached key.
#[derive(Clone)]
pub(super) struct AccountKey(Arc<Shared>);

struct Shared {
    client: Client,
    arn: String,
    timing: Timing,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    key: Option<Cached>,
    /// Time of the last failed attempt to read the first key.
    failed_at: Option<Instant>,
}

struct Cached {
    key: SecretString,
    read_at: Instant,
    /// Time of the last attempt to read, successful or not.
    tried_at: Instant,
}

impl Cached {
    fn new(key: SecretString) -> Self {
        let now = Instant::now();
        Self { key, read_at: now, tried_at: now }
    }
}

impl AccountKey {
    /// The key in the secret that the settings name. Makes no call.
    pub(super) fn new(config: &Config, aws: &SdkConfig, timing: Timing) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(1))
            .operation_attempt_timeout(READ_TIMEOUT / 2)
            .operation_timeout(READ_TIMEOUT);
        Self(Arc::new(Shared {
            client: Client::from_conf(Builder::from(aws).timeout_config(timeouts.build()).build()),
            arn: config.stripe_secret_key_arn.clone(),
            timing,
            cache: Mutex::default(),
        }))
    }

    /// The current key: from the cache, or read if the cache is empty or old.
    pub(super) async fn current(&self) -> Result<SecretString, KeyError> {
        let mut cache = self.0.cache.lock().await;
        if let Some(cached) = &mut cache.key {
            if cached.read_at.elapsed() >= self.0.timing.key_max_age {
                self.0.refresh(cached).await;
            }
            return Ok(cached.key.clone());
        }
        if cache.failed_at.is_some_and(|failed_at| failed_at.elapsed() < self.0.timing.key_retry_pause) {
            return Err(KeyError::Paused { arn: self.0.arn.clone() });
        }
        match self.0.read().await {
            Ok(key) => Ok(cache.key.insert(Cached::new(key)).key.clone()),
            Err(error) => {
                cache.failed_at = Some(Instant::now());
                Err(error)
            }
        }
    }

    /// The key that replaced the one that the processor refused. None if the secret still holds the refused one.
    pub(super) async fn replacement_of(&self, refused: &SecretString) -> Option<SecretString> {
        let mut cache = self.0.cache.lock().await;
        let cached = cache.key.as_mut()?;
        if is_same(&cached.key, refused) {
            self.0.refresh(cached).await;
        }
        if is_same(&cached.key, refused) { None } else { Some(cached.key.clone()) }
    }
}

impl Shared {
    /// Reads the key again, unless the last attempt was a moment ago. If that fails, the cached key stays in use.
    async fn refresh(&self, cached: &mut Cached) {
        if cached.tried_at.elapsed() < self.timing.key_min_pause {
            return;
        }
        cached.tried_at = Instant::now();
        match self.read().await {
            Ok(key) => {
                if !is_same(&cached.key, &key) {
                    tracing::info!("secret key of the processor was rotated");
                }
                *cached = Cached::new(key);
            }
            Err(error) => {
                let error = contracts::error::chain(&error);
                tracing::warn!(error, "could not refresh the secret key of the processor; the cached key stays in use");
            }
        }
    }

    async fn read(&self) -> Result<SecretString, KeyError> {
        let response = self.client.get_secret_value().secret_id(&self.arn).send().await;
        let secret = response.map_err(|error| KeyError::Unreadable { arn: self.arn.clone(), source: error.into() })?;
        // A secret that was created from a file usually ends with a line break.
        let text = secret.secret_string().unwrap_or_default().trim();
        let is_key = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if is_key { Ok(SecretString::from(text)) } else { Err(KeyError::NotAKey { arn: self.arn.clone() }) }
    }
}

fn is_same(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret() == other.expose_secret()
}
