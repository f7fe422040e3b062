//! The internal load balancer of the services.

use std::{collections::BTreeMap, str::FromStr};

use anyhow::{Context, Result};
use aws_config::SdkConfig;

use crate::{
    aws_api::{AwsApi, elements},
    topology::{ApiRoute, Service, Topology},
};

/// Name of the load balancer.
pub const NAME: &str = "shop";

/// Number of path patterns per rule: ALB allows five condition values.
const PATTERNS_PER_RULE: usize = 5;

/// Address of a service, as the emulated load balancer reaches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    host: String,
    port: u16,
}

impl Target {
    /// A process on this machine.
    pub fn local(port: u16) -> Self {
        Self { host: "127.0.0.1".to_owned(), port }
    }
}

impl FromStr for Target {
    type Err = String;

    /// Parses `HOST:PORT`. The emulator accepts a host name, where AWS requires an IP address.
    fn from_str(text: &str) -> Result<Self, String> {
        let (host, port) = text.rsplit_once(':').unwrap_or_default();
        match port.parse() {
            Ok(port) if !host.is_empty() => Ok(Self { host: host.to_owned(), port }),
            _ => Err(format!("expected HOST:PORT, such as order:8080, not `{text}`")),
        }
    }
}

/// Creates the load balancer and its rules, with `targets[service]` as the only target of each service.
pub async fn provision(config: &SdkConfig, topology: &Topology, targets: &BTreeMap<String, Target>) -> Result<()> {
    let elb = Elb(AwsApi::of(config)?);
    let listener = elb.listener(&elb.load_balancer().await?).await?;
    let mut rules = Vec::new();
    for service in &topology.services {
        let target =
            targets.get(&service.name).with_context(|| format!("the address of {} is unknown", service.name))?;
        let group = elb.target_group(service, target).await?;
        let patterns = path_patterns(&topology.routes, &service.name);
        rules.extend(patterns.chunks(PATTERNS_PER_RULE).map(|patterns| (patterns.to_vec(), group.clone())));
    }
    elb.set_rules(&listener, &rules).await
}

/// Path patterns of a service. `/v1/orders/{id}` and all paths below it become `/v1/orders/*`.
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

/// Calls of ELB.
struct Elb(AwsApi);

impl Elb {
    /// Calls an action, and returns the contents of the elements `name` of its response.
    async fn call(&self, action: &str, input: &[(&str, &str)], name: &str) -> Result<Vec<String>> {
        let xml = self.0.query("elasticloadbalancing", "2015-12-01", action, input).await?;
        Ok(elements(&xml, name).into_iter().map(str::to_owned).collect())
    }

    /// Returns the ARN of the resource that `describe` finds or, if it fails or finds none, `create` creates.
    async fn ensure(&self, describe: Call<'_>, create: Call<'_>, name: &str) -> Result<String> {
        let found = self.call(describe.0, &describe.1, name).await.unwrap_or_default();
        let arns = if found.is_empty() { self.call(create.0, &create.1, name).await? } else { found };
        arns.into_iter().next().with_context(|| format!("{} returned no {name}", create.0))
    }

    async fn load_balancer(&self) -> Result<String> {
        let describe = ("DescribeLoadBalancers", vec![("Names.member.1", NAME)]);
        let create = ("CreateLoadBalancer", vec![("Name", NAME), ("Scheme", "internal")]);
        self.ensure(describe, create, "LoadBalancerArn").await
    }

    async fn listener(&self, load_balancer: &str) -> Result<String> {
        let of = ("LoadBalancerArn", load_balancer);
        let create = vec![
            of,
            ("Protocol", "HTTP"),
            ("Port", "80"),
            ("DefaultActions.member.1.Type", "fixed-response"),
            ("DefaultActions.member.1.FixedResponseConfig.StatusCode", "404"),
            ("DefaultActions.member.1.FixedResponseConfig.ContentType", "application/json"),
            ("DefaultActions.member.1.FixedResponseConfig.MessageBody", r#"{"message":"Not Found"}"#),
        ];
        self.ensure(("DescribeListeners", vec![of]), ("CreateListener", create), "ListenerArn").await
    }

    async fn target_group(&self, service: &Service, target: &Target) -> Result<String> {
        let port = target.port.to_string();
        let create = vec![
            ("Name", service.name.as_str()),
            ("TargetType", "ip"),
            ("Protocol", "HTTP"),
            ("Port", &port),
            ("HealthCheckPath", &service.health_check),
        ];
        let describe = ("DescribeTargetGroups", vec![("Names.member.1", service.name.as_str())]);
        let arn = self.ensure(describe, ("CreateTargetGroup", create), "TargetGroupArn").await?;
        let registered = self.call("DescribeTargetHealth", &[("TargetGroupArn", &arn)], "Target").await?;
        for stale in registered {
            let field = |name| elements(&stale, name).first().copied().unwrap_or_default().to_owned();
            let (host, port) = (field("Id"), field("Port"));
            if (host.as_str(), port.as_str()) != (target.host.as_str(), target.port.to_string().as_str()) {
                self.call("DeregisterTargets", &targets(&arn, &host, &port), "").await?;
            }
        }
        self.call("RegisterTargets", &targets(&arn, &target.host, &port), "").await?;
        Ok(arn)
    }

    /// Replaces the rules of the listener.
    async fn set_rules(&self, listener: &str, rules: &[(Vec<String>, String)]) -> Result<()> {
        let existing = self.call("DescribeRules", &[("ListenerArn", listener)], "RuleArn").await?;
        let defaults = self.call("DescribeRules", &[("ListenerArn", listener)], "IsDefault").await?;
        for (rule, _) in existing.iter().zip(defaults).filter(|(_, default)| default == "false") {
            self.call("DeleteRule", &[("RuleArn", rule)], "").await?;
        }
        for (priority, (patterns, group)) in (1..).zip(rules) {
            let (priority, names): (String, Vec<_>) =
                (i32::to_string(&priority), (1..=patterns.len()).map(pattern).collect());
            let mut input = vec![
                ("ListenerArn", listener),
                ("Priority", &priority),
                ("Conditions.member.1.Field", "path-pattern"),
                ("Actions.member.1.Type", "forward"),
                ("Actions.member.1.TargetGroupArn", group),
            ];
            input.extend(names.iter().zip(patterns).map(|(name, pattern)| (name.as_str(), pattern.as_str())));
            self.call("CreateRule", &input, "").await?;
        }
        Ok(())
    }
}

/// The action and its input.
type Call<'a> = (&'a str, Vec<(&'a str, &'a str)>);

fn pattern(number: usize) -> String {
    format!("Conditions.member.1.PathPatternConfig.Values.member.{number}")
}

fn targets<'a>(group: &'a str, host: &'a str, port: &'a str) -> [(&'a str, &'a str); 3] {
    [("TargetGroupArn", group), ("Targets.member.1.Id", host), ("Targets.member.1.Port", port)]
}

/// Registers a process on this machine with an existing target group.
pub async fn register(aws: &AwsApi, group_name: &str, port: u16) -> Result<()> {
    let elb = Elb(aws.clone());
    let groups = elb.call("DescribeTargetGroups", &[("Names.member.1", group_name)], "TargetGroupArn").await?;
    let group = groups.first().with_context(|| format!("no target group {group_name}"))?;
    elb.call("RegisterTargets", &targets(group, "127.0.0.1", &port.to_string()), "").await?;
    Ok(())
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
