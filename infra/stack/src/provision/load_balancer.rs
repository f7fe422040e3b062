//! The internal load balancer in front of the services that run as processes or containers.

use std::{collections::BTreeMap, str::FromStr};

use anyhow::Context;
use aws_config::SdkConfig;
use aws_sdk_elasticloadbalancingv2::{
    Client,
    types::{
        Action, ActionTypeEnum, FixedResponseActionConfig, LoadBalancerSchemeEnum, PathPatternConditionConfig,
        ProtocolEnum, Rule, RuleCondition, TargetDescription, TargetTypeEnum,
    },
};

use crate::topology::{ApiRoute, Service, Topology};

/// The load balancer's name.
pub const NAME: &str = "shop";

/// Path patterns in one rule: ALB allows five conditions' values in all.
const PATTERNS_PER_RULE: usize = 5;

/// Where a service listens, as the emulated load balancer reaches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    host: String,
    port: u16,
}

impl Target {
    /// A process of this machine.
    pub fn local(port: u16) -> Self {
        Self { host: "127.0.0.1".to_owned(), port }
    }
}

impl FromStr for Target {
    type Err = String;

    /// Reads `HOST:PORT`. The host may be a name, which outlives the address of a container: the emulator takes it where
    /// AWS would want an address.
    fn from_str(text: &str) -> Result<Self, String> {
        let (host, port) = text.rsplit_once(':').unwrap_or_default();
        match port.parse() {
            Ok(port) if !host.is_empty() => Ok(Self { host: host.to_owned(), port }),
            _ => Err(format!("expected HOST:PORT, such as order:8080, not `{text}`")),
        }
    }
}

/// Makes the load balancer and its rules, with `targets[service]` as each service's only target.
pub async fn provision(
    config: &SdkConfig,
    topology: &Topology,
    targets: &BTreeMap<String, Target>,
) -> anyhow::Result<()> {
    let elb = Client::new(config);
    let load_balancer = load_balancer(&elb).await.context("cannot make the load balancer")?;
    let listener = listener(&elb, &load_balancer).await.context("cannot make the load balancer's listener")?;
    let mut wanted = Vec::new();
    for service in &topology.services {
        let target = targets.get(&service.name).with_context(|| format!("nobody says where {} is", service.name))?;
        let group = target_group(&elb, service, target).await;
        let group = group.with_context(|| format!("cannot make the target group of {}", service.name))?;
        let patterns = path_patterns(&topology.routes, &service.name);
        wanted.extend(patterns.chunks(PATTERNS_PER_RULE).map(|patterns| (patterns.to_vec(), group.clone())));
    }
    rules(&elb, &listener, &wanted).await.context("cannot make the load balancer's rules")
}

/// The patterns that cover all paths of a service: `/v1/orders/{id}` and what is below it become `/v1/orders/*`.
fn path_patterns(routes: &[ApiRoute], service: &str) -> Vec<String> {
    let routes = routes.iter().filter(|route| route.target == service);
    let mut patterns: Vec<String> = routes
        .map(|route| match route.path().split_once('{') {
            Some((fixed, _)) => format!("{fixed}*"),
            None => route.path().to_owned(),
        })
        .collect();
    patterns.sort_unstable();
    patterns.dedup();
    patterns
}

async fn load_balancer(elb: &Client) -> anyhow::Result<String> {
    let existing = match elb.describe_load_balancers().names(NAME).send().await {
        Ok(answer) => answer.load_balancers,
        Err(cause) if cause.as_service_error().is_some_and(|e| e.is_load_balancer_not_found_exception()) => None,
        Err(cause) => return Err(cause.into()),
    };
    let found = match existing.and_then(|found| found.into_iter().next()) {
        Some(found) => Some(found),
        None => {
            let new = elb.create_load_balancer().name(NAME).scheme(LoadBalancerSchemeEnum::Internal);
            new.send().await?.load_balancers.and_then(|made| made.into_iter().next())
        }
    };
    found.and_then(|found| found.load_balancer_arn).context("it got no ARN")
}

async fn listener(elb: &Client, load_balancer: &str) -> anyhow::Result<String> {
    let existing = elb.describe_listeners().load_balancer_arn(load_balancer).send().await?.listeners;
    let found = match existing.and_then(|found| found.into_iter().next()) {
        Some(found) => Some(found),
        None => {
            let not_found = FixedResponseActionConfig::builder()
                .status_code("404")
                .content_type("application/json")
                .message_body(r#"{"message":"Not Found"}"#)
                .build();
            let otherwise =
                Action::builder().r#type(ActionTypeEnum::FixedResponse).fixed_response_config(not_found).build();
            let new = elb.create_listener().load_balancer_arn(load_balancer).protocol(ProtocolEnum::Http).port(80);
            new.default_actions(otherwise).send().await?.listeners.and_then(|made| made.into_iter().next())
        }
    };
    found.and_then(|found| found.listener_arn).context("it got no ARN")
}

async fn target_group(elb: &Client, service: &Service, target: &Target) -> anyhow::Result<String> {
    let existing = match elb.describe_target_groups().names(&service.name).send().await {
        Ok(answer) => answer.target_groups,
        Err(cause) if cause.as_service_error().is_some_and(|e| e.is_target_group_not_found_exception()) => None,
        Err(cause) => return Err(cause.into()),
    };
    let found = match existing.and_then(|found| found.into_iter().next()) {
        Some(found) => Some(found),
        None => {
            let new = elb
                .create_target_group()
                .name(&service.name)
                .target_type(TargetTypeEnum::Ip)
                .protocol(ProtocolEnum::Http)
                .port(target.port.into())
                .health_check_path(&service.health_check);
            new.send().await?.target_groups.and_then(|made| made.into_iter().next())
        }
    };
    let arn = found.and_then(|found| found.target_group_arn).context("it got no ARN")?;
    let target = TargetDescription::builder().id(&target.host).port(target.port.into()).build();
    let health = elb.describe_target_health().target_group_arn(&arn).send().await?;
    let registered = health.target_health_descriptions.unwrap_or_default();
    let registered: Vec<_> = registered.into_iter().filter_map(|description| description.target).collect();
    let same = |other: &TargetDescription| other.id == target.id && other.port == target.port;
    let stale: Vec<_> = registered.iter().filter(|other| !same(other)).cloned().collect();
    if !registered.iter().any(same) {
        elb.register_targets().target_group_arn(&arn).targets(target).send().await?;
    }
    if !stale.is_empty() {
        elb.deregister_targets().target_group_arn(&arn).set_targets(Some(stale)).send().await?;
    }
    Ok(arn)
}

/// Rules from the topology of the moment: where those that are there differ in anything, all are made anew.
async fn rules(elb: &Client, listener: &str, wanted: &[(Vec<String>, String)]) -> anyhow::Result<()> {
    let existing = elb.describe_rules().listener_arn(listener).send().await?.rules.unwrap_or_default();
    let mut existing: Vec<Rule> = existing.into_iter().filter(|rule| rule.is_default != Some(true)).collect();
    existing.sort_by_key(|rule| rule.priority.as_deref().and_then(|priority| priority.parse::<u32>().ok()));
    if existing.iter().map(described).eq(wanted.iter().cloned()) {
        return Ok(());
    }
    for rule in existing {
        elb.delete_rule().set_rule_arn(rule.rule_arn).send().await?;
    }
    for (priority, (patterns, group)) in (1..).zip(wanted) {
        let patterns = PathPatternConditionConfig::builder().set_values(Some(patterns.clone())).build();
        let condition = RuleCondition::builder().field("path-pattern").path_pattern_config(patterns).build();
        let forward = Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn(group).build();
        let new = elb.create_rule().listener_arn(listener).priority(priority);
        new.conditions(condition).actions(forward).send().await?;
    }
    Ok(())
}

fn described(rule: &Rule) -> (Vec<String>, String) {
    let condition = rule.conditions().first().and_then(|condition| condition.path_pattern_config.as_ref());
    let patterns = condition.map(|config| config.values().to_vec()).unwrap_or_default();
    let group = rule.actions().first().and_then(|action| action.target_group_arn.clone()).unwrap_or_default();
    (patterns, group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_has_a_host_and_a_port() {
        assert_eq!("127.0.0.1:4567".parse(), Ok(Target::local(4567)));
        for wrong in ["order", ":8080", "order:", "order:http", "order:65536"] {
            assert!(wrong.parse::<Target>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_route_of_a_service_is_covered_by_its_patterns() {
        let topology = Topology::load().unwrap();
        let patterns = path_patterns(&topology.routes, "order");
        assert_eq!(patterns, ["/v1/cart", "/v1/cart/items/*", "/v1/orders", "/v1/orders/*"]);
    }
}
