//! What is stored is encrypted with keys of ours, and logs end.

use super::made::{Made, Shop, Verdict};

/// By kind, where the key stands. Each of a kind's keys has to be ours.
const KEYS: [(&str, &[&str]); 11] = [
    ("aws_cloudtrail", &["/kms_key_id"]),
    ("aws_db_instance", &["/kms_key_id", "/master_user_secret_kms_key_id", "/performance_insights_kms_key_id"]),
    ("aws_dynamodb_table", &["/server_side_encryption/0/kms_key_arn"]),
    ("aws_ebs_volume", &["/kms_key_id"]),
    ("aws_ecr_repository", &["/encryption_configuration/0/kms_key"]),
    ("aws_efs_file_system", &["/kms_key_id"]),
    ("aws_kinesis_stream", &["/kms_key_id"]),
    ("aws_lambda_function", &["/kms_key_arn"]),
    ("aws_secretsmanager_secret", &["/kms_key_id"]),
    ("aws_sns_topic", &["/kms_master_key_id"]),
    ("aws_sqs_queue", &["/kms_master_key_id"]),
];

/// Buckets that cannot have a key of ours, by their last name.
const AWS_KEYS_ONLY: [(&str, &str); 1] = [("logs", "load balancers can write into no bucket with a key of ours")];

/// Whether a text is the ARN of a key. A key of AWS's own is given by an alias, or not at all.
fn is_ours(key: &str) -> bool {
    key.starts_with("arn:aws:kms:") && key.contains(":key/")
}

pub fn every_log_group_has_a_retention_and_our_key(shop: &Shop<'_>) -> Verdict {
    Verdict::of_each(shop.all("aws_cloudwatch_log_group"), |group| {
        let ends = group.at("/retention_in_days").as_u64().is_some_and(|days| days > 0);
        let endless = (!ends).then(|| group.but("its entries are kept for ever"));
        let open = (!is_ours(group.text("/kms_key_id"))).then(|| group.but("it has no key of ours"));
        endless.into_iter().chain(open)
    })
}

pub fn what_stores_is_encrypted_with_our_key(shop: &Shop<'_>) -> Verdict {
    let by_key = KEYS.into_iter().map(|(kind, places)| {
        Verdict::of_each(shop.all(kind), |made| {
            let missing = places.iter().filter(move |place| !is_ours(made.text(place)));
            missing.map(move |place| made.but(format!("`{}` is no key of ours", &place[1..])))
        })
    });
    let storage = Verdict::of_each(shop.all("aws_db_instance"), |database| {
        (!database.is("/storage_encrypted")).then(|| database.but("its storage is not encrypted"))
    });
    let buckets = Verdict::of_each(shop.all("aws_s3_bucket"), |bucket| {
        (!is_encrypted(bucket)).then(|| bucket.but("its objects are not encrypted with a key of ours"))
    });
    by_key.fold(storage.and(buckets), Verdict::and)
}

fn is_encrypted(bucket: Made<'_>) -> bool {
    let rule = bucket.only("aws_s3_bucket_server_side_encryption_configuration", "/bucket", bucket.text("/id"));
    let Some(rule) = rule else { return false };
    let (algorithm, key) = (
        "/rule/0/apply_server_side_encryption_by_default/0/sse_algorithm",
        "/rule/0/apply_server_side_encryption_by_default/0/kms_master_key_id",
    );
    let excepted = AWS_KEYS_ONLY.iter().any(|(name, _why)| bucket.resource.address.ends_with(&format!("[\"{name}\"]")));
    match rule.text(algorithm) {
        "aws:kms" => is_ours(rule.text(key)),
        "AES256" => excepted,
        _ => false,
    }
}

pub fn keys_rotate(shop: &Shop<'_>) -> Verdict {
    // KMS rotates no keys that sign.
    let keys =
        shop.all("aws_kms_key").filter(|key| !matches!(key.text("/key_usage"), "SIGN_VERIFY" | "GENERATE_VERIFY_MAC"));
    Verdict::of_each(keys, |key| (!key.is("/enable_key_rotation")).then(|| key.but("it does not rotate")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::made::tests::*, *};

    #[test]
    fn keys_of_aws_are_not_ours() {
        let queue = |key: &str| state([("q", "aws_sqs_queue", json!({ "kms_master_key_id": key }))]);
        assert!(findings(what_stores_is_encrypted_with_our_key, &queue("arn:aws:kms:eu-central-1:1:key/2")).is_empty());
        assert_eq!(
            findings(what_stores_is_encrypted_with_our_key, &queue("alias/aws/sqs")),
            ["order (dev) q: `kms_master_key_id` is no key of ours"]
        );
        assert_eq!(findings(what_stores_is_encrypted_with_our_key, &queue("")).len(), 1);
    }

    #[test]
    fn a_log_without_an_end_is_found() {
        let group = json!({ "retention_in_days": 0, "kms_key_id": "arn:aws:kms:eu-central-1:1:key/2" });
        let state = state([("g", "aws_cloudwatch_log_group", group)]);
        assert_eq!(
            findings(every_log_group_has_a_retention_and_our_key, &state),
            ["order (dev) g: its entries are kept for ever"]
        );
    }
}
