//! The key that signs access tokens. Its private half never leaves KMS.

use anyhow::Context;
use aws_config::SdkConfig;
use aws_sdk_kms::{
    Client,
    types::{KeySpec, KeyUsageType},
};

/// The name that the signing key is found by.
pub const SIGNING_KEY_ALIAS: &str = "alias/token-signing";

/// Creates an RSA signing key and returns its id.
pub async fn create_signing_key(kms: &Client) -> anyhow::Result<String> {
    let answer = kms
        .create_key()
        .key_spec(KeySpec::Rsa2048)
        .key_usage(KeyUsageType::SignVerify)
        .description("Signs access tokens")
        .send()
        .await
        .context("cannot create the signing key")?;
    let key = answer.key_metadata.context("the signing key got no id")?;
    Ok(key.key_id)
}

/// The id of the key behind [`SIGNING_KEY_ALIAS`], which is created if it does not exist.
pub async fn signing_key(config: &SdkConfig) -> anyhow::Result<String> {
    let kms = Client::new(config);
    match kms.describe_key().key_id(SIGNING_KEY_ALIAS).send().await {
        Ok(answer) => return Ok(answer.key_metadata.context("the signing key has no id")?.key_id),
        Err(cause) if cause.as_service_error().is_some_and(|e| e.is_not_found_exception()) => {}
        Err(cause) => return Err(cause).context("cannot look up the signing key"),
    }
    let id = create_signing_key(&kms).await?;
    let alias = kms.create_alias().alias_name(SIGNING_KEY_ALIAS).target_key_id(&id);
    alias.send().await.context("cannot name the signing key")?;
    Ok(id)
}
