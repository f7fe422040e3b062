//! No secret is in what Terraform keeps, or in what a console shows of a program.

use serde_json::Value;

use super::made::{Finding, Made, Shop, Verdict, texts};
use super::settings::told;

/// Arguments that hold a secret, if they are set.
const ARGUMENTS: [&str; 9] = [
    "auth_token",
    "master_password",
    "password",
    "private_key",
    "private_key_pem",
    "secret",
    "secret_binary",
    "secret_key",
    "secret_string",
];

/// The beginnings of secrets that are told from other texts.
const BEGINNINGS: [&str; 6] = ["AKIA", "-----BEGIN", "ghp_", "sk_live_", "sk_test_", "whsec_"];

pub fn no_secret_is_in_a_state(shop: &Shop<'_>) -> Verdict {
    Verdict::of_each(shop.everything(), |made| {
        let mut found = Vec::new();
        search(made, "", &made.resource.values, &mut found);
        found
    })
}

/// Looks through a value. The text itself is not told.
fn search(made: Made<'_>, name: &str, value: &Value, found: &mut Vec<Finding>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| search(made, name, value, found)),
        Value::Array(items) => items.iter().for_each(|item| search(made, name, item, found)),
        Value::String(text) if !text.is_empty() && (ARGUMENTS.contains(&name) || looks_secret(text)) => {
            found.push(made.but(format!("`{name}` holds a secret, and so does the state")));
        }
        _ => {}
    }
}

/// Whether a text is a secret by its looks: a key of a known kind, or a URL with a password.
fn looks_secret(text: &str) -> bool {
    let authority = text.split_once("://").and_then(|(_, rest)| rest.split(['/', '?']).next());
    let password =
        authority.and_then(|authority| authority.rsplit_once('@')).and_then(|(user, _)| user.split_once(':'));
    BEGINNINGS.iter().any(|beginning| text.starts_with(beginning))
        || password.is_some_and(|(_, password)| !password.is_empty())
}

pub fn no_secret_is_among_the_settings(shop: &Shop<'_>) -> Verdict {
    Verdict::of_each(told(shop), |program| {
        let plain = program.settings.iter().filter(|(name, plain)| **plain && is_of_a_secret(name));
        let plain =
            plain.map(|(name, _)| program.made.but(format!("{name} is told in the clear, where everybody reads it")));
        let elsewhere = program.secrets.iter().filter(|(_, from)| !from.starts_with("arn:aws:secretsmanager:"));
        let elsewhere =
            elsewhere.map(|(name, _)| program.made.but(format!("{name} does not come from Secrets Manager")));
        plain.chain(elsewhere).collect::<Vec<_>>()
    })
}

/// Whether a setting's value is a secret, by its name: not where one is, but the secret itself.
fn is_of_a_secret(name: &str) -> bool {
    let place = ["_ARN", "_ID", "_NAME"].iter().any(|end| name.ends_with(end));
    let secret = ["SECRET", "PASSWORD", "API_KEY"].iter().any(|part| name.contains(part)) || name == "DATABASE_URL";
    secret && !place
}

/// The texts in a list of containers' `secrets`: name, and where its value is.
pub fn references(container: &Value) -> Vec<(String, String)> {
    let all = container["secrets"].as_array().into_iter().flatten();
    all.map(|secret| (texts(&secret["name"]).concat(), texts(&secret["valueFrom"]).concat())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::made::tests::*, *};

    #[test]
    fn secrets_are_found_by_their_names_and_by_their_looks() {
        let with = |values: Value| findings(no_secret_is_in_a_state, &state([("x", "aws_x", values)]));
        assert_eq!(
            with(json!({ "password": "hunter2" })),
            ["order (dev) x: `password` holds a secret, and so does the state"]
        );
        assert_eq!(with(json!({ "a": [{ "b": "postgres://product:hunter2@db/product" }] })).len(), 1);
        assert_eq!(with(json!({ "a": "sk_live_123" })).len(), 1);
        assert!(with(json!({ "password": null, "url": "https://a.example/b@c:d", "user": "shop_master" })).is_empty());
    }

    #[test]
    fn where_a_secret_is_may_be_known() {
        assert!(is_of_a_secret("STRIPE_SECRET_KEY") && is_of_a_secret("DATABASE_URL") && is_of_a_secret("DB_PASSWORD"));
        assert!(!is_of_a_secret("STRIPE_SECRET_KEY_ARN") && !is_of_a_secret("TOKEN_ISSUER"));
    }
}
