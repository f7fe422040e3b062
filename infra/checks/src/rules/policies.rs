//! Who may do what: exact actions on exact resources, and the few exceptions from that, each with its reason.

use super::{
    made::{Finding, Shop, Verdict},
    statements::{self, Statement},
};

/// A statement of a role that names resources by a wildcard, because it has to.
struct Exception {
    /// The statement's name.
    sid: &'static str,
    /// The end of its resources, from the wildcard on: nothing before it is one.
    end: &'static str,
    /// Why it cannot name them.
    #[expect(dead_code, reason = "for readers: an exception without a reason would not be written down")]
    reason: &'static str,
}

const fn exception(sid: &'static str, end: &'static str, reason: &'static str) -> Exception {
    Exception { sid, end, reason }
}

/// All of them. One that no statement needs any longer has to go.
const EXCEPTIONS: &[Exception] = &[
    exception("AskSes", "*", "it is about the account, for which SES has no resource"),
    exception("EndTasks", "/*", "ECS names the task sets of a service"),
    exception("FindStream", "/stream/*", "lists the streams of one table, and names none"),
    exception("PublishVersions", ":*", "Lambda numbers the versions of a function"),
    exception("ReadConfiguration", "*", "a plan also asks for what is not there yet; no data is among it"),
    exception("ReadMigrationsLog", ":log-stream:service/service/*", "ECS names the stream of a task"),
    exception("ReadParameters", "/*", "those of one environment, which hold ids and names"),
    exception(
        "RegisterRevisions",
        "*",
        "ECS has no resource for them; which roles they may have is said by HandOverRoles",
    ),
    exception("RunMigration", ":*", "ECS numbers the revisions of a task definition"),
    exception("SeeLoadBalancer", "*", "descriptions of load balancers cannot be narrowed"),
    exception("SendTraces", "*", "X-Ray has no resources for these calls"),
    exception("SignInToEcr", "*", "a token for the account's registry, which is no resource"),
    exception("StartTasks", "*", "what is created has no name yet: conditions say for which service it may be"),
    exception("StopRelease", "*", "CodeDeploy has no resource for it; ids of deployments cannot be guessed"),
    exception("WaitForMigration", "/*", "ECS names the tasks of a cluster"),
    exception("WatchAlarms", "*", "CloudWatch may be asked for composite alarms, which cannot be named"),
    exception("WriteOwnLog", ":log-stream:*", "Lambda and ECS name the streams of one log group"),
];

impl Exception {
    fn covers(&self, sid: &str, resource: &str) -> bool {
        self.sid == sid && resource.strip_suffix(self.end).is_some_and(|rest| !rest.contains('*'))
    }
}

pub fn roles_name_their_actions(shop: &Shop<'_>) -> Verdict {
    Verdict::of_each(statements::of_roles(shop), |statement| wildcards(&statement, &statement.actions))
}

pub fn roles_name_their_resources(shop: &Shop<'_>) -> Verdict {
    Verdict::of_each(statements::of_roles(shop), |statement| {
        let excepted = |resource: &String| EXCEPTIONS.iter().any(|one| one.covers(&statement.sid, resource));
        let rest: Vec<_> = statement.resources.iter().filter(|resource| !excepted(resource)).cloned().collect();
        wildcards(&statement, &rest)
    })
}

fn wildcards(statement: &Statement<'_>, names: &[String]) -> Option<Finding> {
    let wild: Vec<_> = names.iter().filter(|name| name.contains('*')).cloned().collect();
    (!wild.is_empty()).then(|| statement.policy.but(format!("{} allows {}", statement.sid, wild.join(", "))))
}

pub fn every_exception_from_named_resources_is_still_needed(shop: &Shop<'_>) -> Verdict {
    let statements: Vec<_> = statements::of_roles(shop).collect();
    Verdict::of_each(EXCEPTIONS, |exception| {
        let needs = |statement: &Statement<'_>| {
            statement.resources.iter().any(|resource| exception.covers(&statement.sid, resource))
        };
        let stale = || {
            Finding::at_large(format!(
                "no statement `{}` has a resource that ends in `{}`",
                exception.sid, exception.end
            ))
        };
        (!statements.iter().any(needs)).then(stale)
    })
}

pub fn roles_use_keys_only_through_the_service_that_they_are_for(shop: &Shop<'_>) -> Verdict {
    const READS: [&str; 4] = ["kms:Describe", "kms:Get", "kms:List", "kms:Verify"];
    let uses = |action: &String| action.starts_with("kms:") && !READS.iter().any(|read| action.starts_with(read));
    let with_keys = statements::of_roles(shop).filter(|statement| statement.actions.iter().any(uses));
    Verdict::of_each(with_keys, |statement| {
        let any = || {
            statement
                .policy
                .but(format!("{} uses a key under no condition, so for whatever it encrypts", statement.sid))
        };
        (!statement.is_conditional()).then(any)
    })
}

pub fn roles_are_taken_by_those_they_are_for(shop: &Shop<'_>) -> Verdict {
    Verdict::of_each(statements::of_trust(shop), |statement| {
        let strangers = statement.principals.iter().filter(|(kind, who)| match kind.as_str() {
            "Service" => who.contains('*'),
            // Of a whole provider of identities, such as all of GitHub, it is the subject that counts.
            "Federated" => !["sub", "repository"].iter().any(|claim| is_bound_by_claim(&statement, claim)),
            _ => true,
        });
        let found = strangers.map(|(kind, who)| statement.policy.but(format!("{kind} `{who}` may take it")));
        let nobody = statement.principals.is_empty().then(|| statement.policy.but("it does not say who may take it"));
        found.chain(nobody).collect::<Vec<_>>()
    })
}

/// Whether a condition names a claim of a token of any issuer: `token.actions.githubusercontent.com:sub`.
fn is_bound_by_claim(statement: &Statement<'_>, claim: &str) -> bool {
    let comparisons = statement.condition.as_object().into_iter().flat_map(|all| all.values());
    let mut keys = comparisons.filter_map(|keys| keys.as_object()).flat_map(|keys| keys.keys());
    keys.any(|key| key.rsplit(':').next() == Some(claim) && statement.is_bound_by(key))
}

pub fn roles_have_no_policies_of_others(shop: &Shop<'_>) -> Verdict {
    const ATTACHMENTS: [&str; 2] = ["aws_iam_role_policy_attachment", "aws_iam_policy_attachment"];
    let ours = |arn: &str| !arn.contains(":aws:policy/");
    let attached = shop.everything().filter(|made| ATTACHMENTS.contains(&made.resource.kind.as_str()));
    let attached = Verdict::of_each(attached, |made| {
        (!ours(made.text("/policy_arn"))).then(|| made.but("AWS changes this policy as it likes"))
    });
    attached.and(Verdict::of_each(shop.all("aws_iam_role"), |role| {
        let managed = super::made::texts(role.at("/managed_policy_arns"));
        (!managed.iter().all(|arn| ours(arn))).then(|| role.but("AWS changes one of its managed policies as it likes"))
    }))
}

pub fn keys_queues_topics_and_buckets_name_who_may_do_what(shop: &Shop<'_>) -> Verdict {
    Verdict::of_each(statements::of_resources(shop), |statement| {
        let anybody = statement.principals.iter().any(|(_, who)| who.contains('*'));
        let anybody = anybody.then(|| statement.policy.but(format!("{} is for anybody", statement.sid)));
        // In the policy of a key `*` is the key itself. In a bucket the last part of a name is for who writes it to choose.
        let of_a_key = statement.policy.resource.kind == "aws_kms_key";
        let open = |resource: &&String| !of_a_key && resource.trim_end_matches("/*").contains('*');
        let resources: Vec<_> = statement.resources.iter().filter(open).cloned().collect();
        let found = [anybody, wildcards(&statement, &statement.actions), wildcards(&statement, &resources)];
        found.into_iter().flatten().collect::<Vec<_>>()
    })
}

pub fn queues_and_topics_let_in_nobody_of_another_account(shop: &Shop<'_>) -> Verdict {
    const KINDS: [&str; 2] = ["aws_sns_topic_policy", "aws_sqs_queue_policy"];
    let statements = statements::of_resources(shop).filter(|one| KINDS.contains(&one.policy.resource.kind.as_str()));
    Verdict::of_each(statements, |statement| {
        let bound = statement.is_bound_by("aws:SourceArn") || statement.is_bound_by("aws:SourceAccount");
        let account = |who: &str| who.ends_with(":root") && who.split(':').nth(4) == account_of(&statement);
        let strangers = statement.principals.iter().filter(|(kind, who)| match kind.as_str() {
            "Service" => !bound,
            _ => !account(who),
        });
        let said =
            strangers.map(|(kind, who)| format!("{} lets in {kind} `{who}` of whichever account", statement.sid));
        said.map(|what| statement.policy.but(what)).collect::<Vec<_>>()
    })
}

/// The account of what the statement is about.
fn account_of<'s>(statement: &'s Statement<'_>) -> Option<&'s str> {
    statement.resources.first().and_then(|arn| arn.split(':').nth(4))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{super::made::tests::*, *};
    use crate::units::State;

    fn role_with(statement: Value) -> State {
        let policy = json!({ "Statement": [statement] }).to_string();
        state([("aws_iam_role_policy.x", "aws_iam_role_policy", json!({ "policy": policy }))])
    }

    #[test]
    fn actions_and_resources_are_named() {
        let wild = role_with(
            json!({ "Sid": "All", "Effect": "Allow", "Action": "sqs:*", "Resource": ["arn:aws:sqs:::q", "*"] }),
        );
        assert_eq!(findings(roles_name_their_actions, &wild), ["order (dev) aws_iam_role_policy.x: All allows sqs:*"]);
        assert_eq!(findings(roles_name_their_resources, &wild), ["order (dev) aws_iam_role_policy.x: All allows *"]);
        let inverted = role_with(
            json!({ "Sid": "Not", "Effect": "Allow", "NotAction": "iam:PassRole", "Resource": "arn:aws:sqs:::q" }),
        );
        assert_eq!(findings(roles_name_their_actions, &inverted).len(), 1);
        let unreadable = state([("x", "aws_iam_role_policy", json!({ "policy": "?" }))]);
        assert_eq!(findings(roles_name_their_resources, &unreadable).len(), 1);
    }

    #[test]
    fn an_exception_is_for_its_statement_and_its_end_alone() {
        let logs = |resource: &str| {
            role_with(json!({ "Sid": "WriteOwnLog", "Action": ["logs:PutLogEvents"], "Resource": [resource] }))
        };
        assert!(findings(roles_name_their_resources, &logs("arn:aws:logs:::log-group:a:log-stream:*")).is_empty());
        assert_eq!(findings(roles_name_their_resources, &logs("arn:aws:logs:::log-group:*:log-stream:*")).len(), 1);
        assert_eq!(findings(roles_name_their_resources, &logs("*")).len(), 1);
        let stale = findings(
            every_exception_from_named_resources_is_still_needed,
            &logs("arn:aws:logs:::log-group:a:log-stream:*"),
        );
        assert_eq!(stale.len(), EXCEPTIONS.len() - 1, "all but the one that is there");
    }

    #[test]
    fn a_role_of_a_pipeline_is_bound_to_its_repository() {
        let trust = |condition: Value| {
            let principal = json!({ "Federated": "arn:aws:iam::1:oidc-provider/x" });
            let statement = json!({ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition });
            let policy = json!({ "Statement": [statement] }).to_string();
            state([("aws_iam_role.x", "aws_iam_role", json!({ "assume_role_policy": policy }))])
        };
        assert_eq!(
            findings(roles_are_taken_by_those_they_are_for, &trust(json!({ "StringEquals": { "x:aud": "sts" } })))
                .len(),
            1
        );
        assert_eq!(
            findings(roles_are_taken_by_those_they_are_for, &trust(json!({ "StringLike": { "x:sub": "*" } }))).len(),
            1
        );
        assert!(
            findings(
                roles_are_taken_by_those_they_are_for,
                &trust(json!({ "StringEquals": { "x:sub": "repo:a/b:environment:prod" } }))
            )
            .is_empty()
        );
    }

    #[test]
    fn a_topic_that_names_no_source_lets_in_every_account() {
        let topic = |condition: Value| {
            let statement = json!({
                "Sid": "Alarms", "Effect": "Allow", "Principal": { "Service": "cloudwatch.amazonaws.com" },
                "Action": "sns:Publish", "Resource": "arn:aws:sns:eu-central-1:1:alarms", "Condition": condition,
            });
            state([("x", "aws_sns_topic_policy", json!({ "policy": json!({ "Statement": statement }).to_string() }))])
        };
        assert_eq!(findings(queues_and_topics_let_in_nobody_of_another_account, &topic(json!({}))).len(), 1);
        let bound = topic(json!({ "StringEquals": { "aws:SourceAccount": "1" } }));
        assert!(findings(queues_and_topics_let_in_nobody_of_another_account, &bound).is_empty());
    }
}
