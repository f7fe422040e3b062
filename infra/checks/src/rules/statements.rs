//! The statements of all policies.

use serde_json::Value;

use super::made::{Made, Shop, texts};

/// Where policies of roles stand.
const OF_ROLES: [&str; 4] = ["aws_iam_role_policy", "aws_iam_policy", "aws_iam_user_policy", "aws_iam_group_policy"];

/// Where policies of what is used stand. Those of VPC endpoints are not among them: they only narrow what roles allow.
const OF_RESOURCES: [&str; 6] = [
    "aws_ecr_repository_policy",
    "aws_kms_key",
    "aws_s3_bucket_policy",
    "aws_secretsmanager_secret_policy",
    "aws_sns_topic_policy",
    "aws_sqs_queue_policy",
];

/// One statement of a policy.
pub struct Statement<'a> {
    /// What has the policy.
    pub policy: Made<'a>,
    /// Its name.
    pub sid: String,
    /// What is allowed, or refused.
    pub actions: Vec<String>,
    /// To what. `*` stands for whatever a policy with `NotResource` or `NotAction` means.
    pub resources: Vec<String>,
    /// To whom, such as `Service: sns.amazonaws.com`. None in policies of roles.
    pub principals: Vec<(String, String)>,
    /// Under which conditions.
    pub condition: Value,
    allows: bool,
}

/// The statements of roles' policies that allow something.
pub fn of_roles<'a>(shop: &Shop<'a>) -> impl Iterator<Item = Statement<'a>> {
    allowed(shop, &OF_ROLES, "/policy")
}

/// The statements that allow something, of policies of keys, queues, topics, buckets, ….
pub fn of_resources<'a>(shop: &Shop<'a>) -> impl Iterator<Item = Statement<'a>> {
    allowed(shop, &OF_RESOURCES, "/policy")
}

/// Who may take a role.
pub fn of_trust<'a>(shop: &Shop<'a>) -> impl Iterator<Item = Statement<'a>> {
    allowed(shop, &["aws_iam_role"], "/assume_role_policy")
}

fn allowed<'a>(shop: &Shop<'a>, kinds: &'static [&str], policy: &'static str) -> impl Iterator<Item = Statement<'a>> {
    let policies = shop.everything().filter(|made| kinds.contains(&made.resource.kind.as_str()));
    policies.flat_map(move |made| statements(made, policy)).filter(|statement| statement.allows)
}

/// All statements of the policy in `pointer`. What cannot be read allows everything.
pub fn statements<'a>(made: Made<'a>, pointer: &str) -> Vec<Statement<'a>> {
    let document = made.json(pointer);
    let statements = match &document["Statement"] {
        Value::Array(all) => all.clone(),
        one @ Value::Object(_) => vec![one.clone()],
        _ => vec![serde_json::json!({ "Sid": "(unreadable)", "Effect": "Allow", "Action": "*", "Resource": "*" })],
    };
    statements.iter().map(|statement| read(made, statement)).collect()
}

fn read<'a>(policy: Made<'a>, statement: &Value) -> Statement<'a> {
    let but = |name: &str| statement.get(name).is_some();
    let all = || vec!["*".to_owned()];
    let principals = match &statement["Principal"] {
        Value::String(anybody) => vec![("AWS".to_owned(), anybody.clone())],
        Value::Object(kinds) => {
            let of = |(kind, who): (&String, &Value)| {
                texts(who).into_iter().map(|one| (kind.clone(), one)).collect::<Vec<_>>()
            };
            kinds.iter().flat_map(of).collect()
        }
        _ if but("NotPrincipal") => vec![("AWS".to_owned(), "*".to_owned())],
        _ => Vec::new(),
    };
    Statement {
        policy,
        sid: statement["Sid"].as_str().unwrap_or("(without a Sid)").to_owned(),
        actions: if but("NotAction") { all() } else { texts(&statement["Action"]) },
        resources: if but("NotResource") { all() } else { texts(&statement["Resource"]) },
        principals,
        condition: statement["Condition"].clone(),
        allows: statement["Effect"] != "Deny",
    }
}

impl Statement<'_> {
    /// Whether a condition names this key, whichever way it is compared, with a value that is no wildcard.
    pub fn is_bound_by(&self, key: &str) -> bool {
        let comparisons = self.condition.as_object().into_iter().flat_map(|all| all.values());
        let mut values = comparisons.filter_map(|keys| keys.get(key)).flat_map(texts);
        values.any(|value| value != "*")
    }

    /// Whether there is any condition.
    pub fn is_conditional(&self) -> bool {
        self.condition.as_object().is_some_and(|all| !all.is_empty())
    }
}
