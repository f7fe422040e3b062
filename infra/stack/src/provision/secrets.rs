//! Secrets that services read from Secrets Manager.

use anyhow::Context;
use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;

/// The name of the secret that is the key of the account with the card processor. On AWS it has the environment's prefix.
pub const PROCESSOR_KEY: &str = "payment-processor-key";

/// Creates or updates the secret `name` with the value `text`, and returns its ARN.
pub async fn secret(config: &SdkConfig, name: &str, text: &str) -> anyhow::Result<String> {
    let client = Client::new(config);
    let arn = match client.create_secret().name(name).secret_string(text).send().await {
        Ok(created) => created.arn,
        Err(cause) if cause.as_service_error().is_some_and(|e| e.is_resource_exists_exception()) => {
            let put = client.put_secret_value().secret_id(name).secret_string(text).send().await;
            put.with_context(|| format!("cannot change the secret {name}"))?.arn
        }
        Err(cause) => return Err(cause).with_context(|| format!("cannot create the secret {name}")),
    };
    arn.with_context(|| format!("the secret {name} has no ARN"))
}
