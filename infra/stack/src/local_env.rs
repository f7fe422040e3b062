//! Settings of programs on a local stack: the file `local.env` of each program, with placeholders.

use std::{collections::BTreeMap, path::PathBuf, str::FromStr};

use anyhow::{Context, Result};

use crate::{
    emulator,
    provision::{functions::Deployment, messaging::Messaging, secrets},
    topology::{Function, Topology, Trigger},
};

/// API key of the card processor simulator.
pub const PROCESSOR_KEY: &str = "sk_test_local";

/// Sender of mails.
pub const MAIL_ADDRESS: &str = "orders@shop.localhost";

/// Name of each program and content of its `local.env`.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/local_env.rs"));

/// Settings that every program has.
const COMMON: [(&str, &str); 2] = [("RUST_LOG", "info"), ("RUST_BACKTRACE", "0")];

/// Optional settings that every program has.
const COMMON_OPTIONAL: [&str; 1] = ["OTEL_EXPORTER_OTLP_ENDPOINT"];

/// Environment variables of a program.
pub type Environment = BTreeMap<String, String>;

/// A setting given on the command line: `order.PAYMENT_DEADLINE_SECONDS=5`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    program: &'static str,
    name: String,
    value: String,
}

impl FromStr for Override {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const FORMAT: &str = "expected PROGRAM.NAME=VALUE, such as order.PAYMENT_DEADLINE_SECONDS=5";
        let (setting, value) = text.split_once('=').ok_or(FORMAT)?;
        let (program, name) = setting.split_once('.').ok_or(FORMAT)?;
        let Some((program, file)) = FILES.iter().find(|(known, _)| *known == program) else {
            let known: Vec<_> = FILES.iter().map(|(program, _)| *program).collect();
            return Err(format!("no program `{program}`; known programs: {}", known.join(", ")));
        };
        let own = file.lines().filter_map(|line| Some(line.trim_start_matches("# ").split_once('=')?.0));
        let known: Vec<_> = own.chain(COMMON.map(|(name, _)| name)).chain(COMMON_OPTIONAL).collect();
        if !known.contains(&name) {
            return Err(format!("{program} has no setting `{name}`; known settings: {}", known.join(", ")));
        }
        Ok(Self { program, name: name.to_owned(), value: value.to_owned() })
    }
}

/// Addresses of a stack.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// URL of the emulated AWS.
    pub aws: String,
    /// URL of the public API, as the programs reach it, and issuer of tokens.
    pub public_api: String,
    /// URL that mails link to.
    pub storefront: String,
    /// URL of the card processor.
    pub processor: String,
}

/// Values of the placeholders in `local.env`.
#[derive(Debug, Clone)]
pub struct Values {
    aws: String,
    placeholders: BTreeMap<String, String>,
    overrides: Vec<Override>,
}

impl Values {
    /// The values that are the same for all programs.
    pub fn new(
        topology: &Topology,
        addresses: &Addresses,
        messaging: &Messaging,
        signing_key: String,
        processor_key_arn: String,
        overrides: Vec<Override>,
    ) -> Result<Self> {
        let mut placeholders = BTreeMap::from([
            ("public_api".to_owned(), addresses.public_api.clone()),
            ("storefront".to_owned(), addresses.storefront.clone()),
            ("processor_url".to_owned(), addresses.processor.clone()),
            ("processor_key".to_owned(), PROCESSOR_KEY.to_owned()),
            ("mail_address".to_owned(), MAIL_ADDRESS.to_owned()),
            ("signing_key".to_owned(), signing_key),
            (format!("secret_arn:{}", secrets::PROCESSOR_KEY), processor_key_arn),
        ]);
        for table in &topology.tables {
            placeholders.insert(format!("table:{}", table.name), table.name.clone());
        }
        for queue in &topology.queues {
            placeholders.insert(format!("queue_url:{}", queue.name), messaging.queue(&queue.name)?.url.clone());
        }
        for name in topology.functions.iter().filter_map(Function::failure_queue_name) {
            placeholders.insert(format!("queue_url:{name}"), messaging.queue(&name)?.url.clone());
        }
        for topic in &topology.topics {
            placeholders.insert(format!("topic_arn:{topic}"), messaging.topic_arn(topic)?.to_owned());
        }
        Ok(Self { aws: addresses.aws.clone(), placeholders, overrides })
    }

    /// A copy with another value.
    pub fn with(&self, name: &str, value: impl Into<String>) -> Self {
        let mut values = self.clone();
        values.placeholders.insert(name.to_owned(), value.into());
        values
    }

    /// The environment of `program`.
    pub fn environment(&self, program: &str) -> Result<Environment> {
        let file = FILES.iter().find(|(known, _)| *known == program);
        let (_, file) = file.with_context(|| format!("{program} has no file local.env"))?;
        let mut environment: Environment =
            COMMON.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        environment.extend(emulator::environment(&self.aws).map(|(name, value)| (name.to_owned(), value)));
        for line in file.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let (name, template) = line.split_once('=').with_context(|| format!("{program}/local.env: `{line}`"))?;
            let value = self.resolve(template).with_context(|| format!("{program}/local.env: {name}"))?;
            environment.insert(name.to_owned(), value);
        }
        for Override { name, value, .. } in self.overrides.iter().filter(|given| given.program == program) {
            environment.insert(name.clone(), value.clone());
        }
        Ok(environment)
    }

    /// Program and environment of every function. `program` returns the path of a program.
    pub fn deployments(
        &self,
        topology: &Topology,
        program: impl Fn(&str) -> Result<PathBuf>,
    ) -> Result<BTreeMap<String, Deployment>> {
        let mut deployments = BTreeMap::new();
        for function in &topology.functions {
            let mut values = self.clone();
            if let Trigger::Stream { table, .. } = &function.trigger {
                let topic = topology.table(table).and_then(|table| table.topic.as_deref());
                let topic = topic.with_context(|| format!("the table {table} has a stream, but no topic"))?;
                values = self.with("stream_topic_arn", self.resolve(&format!("${{topic_arn:{topic}}}"))?);
            }
            if let Some(failures) = function.failure_queue_name() {
                values = values.with("stream_failures_url", self.resolve(&format!("${{queue_url:{failures}}}"))?);
            }
            let environment = values.environment(&function.binary)?;
            deployments.insert(function.name.clone(), Deployment { binary: program(&function.binary)?, environment });
        }
        Ok(deployments)
    }

    fn resolve(&self, template: &str) -> Result<String> {
        let mut parts = template.split("${");
        let mut value = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').context("a placeholder without `}`")?;
            let resolved = self.placeholders.get(name).with_context(|| {
                let known: Vec<_> = self.placeholders.keys().map(String::as_str).collect();
                format!("no placeholder `{name}`; known placeholders: {}", known.join(", "))
            })?;
            value.push_str(resolved);
            value.push_str(rest);
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        let placeholders = [("listen_addr", "127.0.0.1:1"), ("table:order", "order")];
        let placeholders = placeholders.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Values { aws: "http://aws".to_owned(), placeholders, overrides: Vec::new() }
    }

    #[test]
    fn an_override_names_a_known_setting_of_a_known_program() {
        let given: Override = "order.SWEEP_INTERVAL_SECONDS=1".parse().unwrap();
        assert_eq!(
            (given.program, given.name.as_str(), given.value.as_str()),
            ("order", "SWEEP_INTERVAL_SECONDS", "1")
        );
        for wrong in ["order.X", "ORDER_TABLE=x", "shipping.X=1", "order.SWEEP_INTERVAL=1"] {
            assert!(wrong.parse::<Override>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn placeholders_are_resolved_and_an_unknown_one_is_an_error_that_names_it() {
        assert_eq!(values().resolve("a ${listen_addr} b ${table:order}").unwrap(), "a 127.0.0.1:1 b order");
        let error = format!("{:#}", values().environment("order").unwrap_err());
        assert!(error.contains("order/local.env: ORDER_INBOX_URL: no placeholder `queue_url:order-inbox`"), "{error}");
    }

    #[test]
    fn every_program_of_the_topology_has_a_file() {
        let topology = Topology::load().unwrap();
        for program in topology.programs() {
            assert!(FILES.iter().any(|(known, _)| *known == program), "{program} has no local.env");
        }
    }
}
