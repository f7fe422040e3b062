//! The address that mail is sent from.

use anyhow::Context;
use aws_config::SdkConfig;
use aws_sdk_sesv2::Client;

/// Has SES know `address` as ours, so that it sends mail from it. On AWS, its owner has to confirm that; here, not.
pub async fn sender(config: &SdkConfig, address: &str) -> anyhow::Result<()> {
    match Client::new(config).create_email_identity().email_identity(address).send().await {
        Ok(_) => Ok(()),
        Err(cause) if cause.as_service_error().is_some_and(|e| e.is_already_exists_exception()) => Ok(()),
        Err(cause) => Err(cause).with_context(|| format!("cannot make {address} a sender of mail")),
    }
}
