//! Secrets that services read from Secrets Manager.

use anyhow::Result;
use aws_config::SdkConfig;
use serde_json::json;

use crate::aws_api::{AwsApi, text};

/// Name of the secret with the API key of the card processor. On AWS it has the environment's prefix.
pub const PROCESSOR_KEY: &str = "payment-processor-key";

/// Creates or updates the secret `name` with the value `value`, and returns its ARN.
pub async fn secret(config: &SdkConfig, name: &str, value: &str) -> Result<String> {
    let aws = AwsApi::of(config)?;
    let secret = json!({ "Name": name, "SecretString": value });
    let (create, exists) = ("secretsmanager.CreateSecret", "ResourceExistsException");
    if let Some(created) = aws.json_unless(exists, "secretsmanager", create, &secret).await? {
        return text(&created, "ARN");
    }
    let value = json!({ "SecretId": name, "SecretString": value });
    text(&aws.json("secretsmanager", "secretsmanager.PutSecretValue", &value).await?, "ARN")
}
