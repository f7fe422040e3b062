//! The sender address of mails.

use anyhow::Result;
use aws_config::SdkConfig;
use reqwest::Method;
use serde_json::json;

use crate::aws_api::AwsApi;

/// Registers `address` with SES. Unlike AWS, the emulator requires no confirmation by its owner.
pub async fn sender(config: &SdkConfig, address: &str) -> Result<()> {
    let aws = AwsApi::of(config)?;
    if aws.find("ses", &format!("/v2/email/identities/{address}")).await?.is_none() {
        aws.rest("ses", Method::POST, "/v2/email/identities", &json!({ "EmailIdentity": address })).await?;
    }
    Ok(())
}
