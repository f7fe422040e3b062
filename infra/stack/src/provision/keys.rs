//! The key that signs access tokens. Its private half never leaves KMS.

use anyhow::Result;
use aws_config::SdkConfig;
use serde_json::{Value, json};

use crate::aws_api::{AwsApi, text};

/// Alias of the signing key.
pub const SIGNING_KEY_ALIAS: &str = "alias/token-signing";

/// Creates an RSA signing key and returns its id.
pub async fn create_signing_key(aws: &AwsApi) -> Result<String> {
    let key = json!({ "KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY", "Description": "Signs access tokens" });
    key_id(&aws.json("kms", "TrentService.CreateKey", &key).await?)
}

/// The id of the key behind [`SIGNING_KEY_ALIAS`], which is created if it does not exist.
pub async fn signing_key(config: &SdkConfig) -> Result<String> {
    let aws = AwsApi::of(config)?;
    let alias = json!({ "KeyId": SIGNING_KEY_ALIAS });
    if let Some(key) = aws.json_unless("NotFoundException", "kms", "TrentService.DescribeKey", &alias).await? {
        return key_id(&key);
    }
    let id = create_signing_key(&aws).await?;
    let alias = json!({ "AliasName": SIGNING_KEY_ALIAS, "TargetKeyId": id });
    aws.json("kms", "TrentService.CreateAlias", &alias).await?;
    Ok(id)
}

fn key_id(output: &Value) -> Result<String> {
    text(&output["KeyMetadata"], "KeyId")
}
