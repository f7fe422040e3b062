//! The settings of everything that runs: what Terraform writes into task definitions and functions on AWS.

use std::{collections::BTreeMap, fmt, path::PathBuf, str::FromStr};

use crate::{
    emulator,
    provision::{functions::Deployment, messaging::Messaging},
    topology::{Function, Topology, Trigger},
};
use anyhow::{Context, Result};

use crate::{build::PACKAGES, ports::Ports};

/// What the simulator asks for and payment shows. It opens nothing: the simulator runs on this machine only.
pub const PROCESSOR_KEY: &str = "sk_test_local";

/// Whose mails the shop sends.
pub const MAIL_ADDRESS: &str = "orders@shop.localhost";

/// The environment of one program.
pub type Environment = BTreeMap<String, String>;

/// A setting that was given by hand: `order.PAYMENT_DEADLINE_SECONDS=5`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    program: &'static str,
    name: String,
    value: String,
}

impl FromStr for Override {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || "expected PROGRAM.NAME=VALUE, such as order.PAYMENT_DEADLINE_SECONDS=5".to_owned();
        let (target, value) = text.split_once('=').ok_or_else(form)?;
        let (program, name) = target.split_once('.').ok_or_else(form)?;
        let known = PACKAGES.iter().find(|known| **known == program);
        let program = known.ok_or_else(|| format!("no program `{program}`; there are {}", PACKAGES.join(", ")))?;
        Ok(Self { program, name: name.to_owned(), value: value.to_owned() })
    }
}

impl fmt::Display for Override {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}={}", self.program, self.name, self.value)
    }
}

/// Where programs reach each other.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// The emulated AWS: its URL.
    pub aws: String,
    /// The shop's API as the services reach it. It is also the issuer of tokens.
    pub front_door: String,
    /// What mails lead customers to: the shop as they reach it.
    pub storefront: String,
    /// The card processor's API.
    pub processor: String,
}

/// What the settings of functions are made of. They run inside of the emulated AWS, wherever that runs.
#[derive(Debug)]
pub struct FunctionSettings<'a> {
    /// Who is where.
    pub addresses: Addresses,
    /// Topics and queues.
    pub messaging: Messaging,
    /// The KMS key that signs tokens.
    pub signing_key: String,
    /// The ARN of the secret that holds the card processor's key.
    pub processor_key_arn: String,
    /// What was given by hand.
    pub overrides: &'a [Override],
}

impl FunctionSettings<'_> {
    /// What every function runs with, by its name. `program` finds a program by its name.
    pub fn deployments(
        &self,
        topology: &Topology,
        program: impl Fn(&str) -> Result<PathBuf>,
    ) -> Result<BTreeMap<String, Deployment>> {
        let deployment = |function: &Function| {
            let environment = match function.binary.as_str() {
                "user" => self.user(),
                "payment" => self.payment(),
                "notification" => self.notification(),
                "outbox-relay" => self.outbox_relay(topology, &function.trigger)?,
                other => anyhow::bail!("the topology has a function of `{other}`, whose settings nobody knows"),
            };
            Ok((function.name.clone(), Deployment { binary: program(&function.binary)?, environment }))
        };
        topology.functions.iter().map(deployment).collect()
    }

    /// The environment of user.
    pub fn user(&self) -> Environment {
        let own = [
            ("USER_TABLE", "user".to_owned()),
            ("TOKEN_SIGNING_KEY_ID", self.signing_key.clone()),
            ("TOKEN_ISSUER", self.addresses.front_door.clone()),
        ];
        self.with_aws("user", own)
    }

    fn payment(&self) -> Environment {
        let own = [
            ("PAYMENT_TABLE", "payment".to_owned()),
            ("STRIPE_API_BASE", self.addresses.processor.clone()),
            ("STRIPE_SECRET_KEY_ARN", self.processor_key_arn.clone()),
        ];
        self.with_aws("payment", own)
    }

    fn notification(&self) -> Environment {
        let own = [
            ("NOTIFICATION_TABLE", "notification".to_owned()),
            ("MAIL_FROM", format!("The Shop <{MAIL_ADDRESS}>")),
            ("STOREFRONT_URL", self.addresses.storefront.clone()),
        ];
        self.with_aws("notification", own)
    }

    /// A relay publishes on the topic of the table that it reads.
    fn outbox_relay(&self, topology: &Topology, trigger: &Trigger) -> Result<Environment> {
        let Trigger::Stream { table, .. } = trigger else { anyhow::bail!("a relay reads the stream of a table") };
        let topic = topology.table(table).and_then(|table| table.topic.as_deref());
        let topic = topic.with_context(|| format!("the table {table} has no topic"))?;
        Ok(self.with_aws("outbox-relay", [("TOPIC_ARN", self.messaging.topic_arn(topic)?.to_owned())]))
    }

    fn with_aws<const N: usize>(&self, program: &str, own: [(&str, String); N]) -> Environment {
        let aws = emulator::environment(&self.addresses.aws);
        let aws = aws.into_iter().map(|(name, value)| (name.to_owned(), value));
        aws.chain(self.with_overrides(program, own)).collect()
    }

    fn with_overrides<const N: usize>(&self, program: &str, own: [(&str, String); N]) -> Environment {
        // A log that ends with a backtrace hides the error above it.
        let common = [("RUST_LOG", "info"), ("RUST_BACKTRACE", "0")];
        let common = common.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
        let by_hand = self.overrides.iter().filter(|given| given.program == program);
        let by_hand = by_hand.map(|given| (given.name.clone(), given.value.clone()));
        common.into_iter().chain(own).chain(by_hand).collect()
    }
}

/// What the settings of all programs of a stack on this machine are made of.
#[derive(Debug)]
pub struct Settings<'a> {
    /// Where everything listens.
    pub ports: Ports,
    /// What the settings of functions are made of.
    pub functions: FunctionSettings<'a>,
    /// product's database.
    pub database: String,
    /// The simulator's memory.
    pub journal: PathBuf,
}

impl Settings<'_> {
    /// The environment of product.
    pub fn product(&self) -> Result<Environment> {
        let FunctionSettings { addresses, messaging, .. } = &self.functions;
        let own = [
            ("LISTEN_ADDR", format!("127.0.0.1:{}", self.ports.product)),
            ("DATABASE_URL", self.database.clone()),
            ("PRODUCT_EVENTS_TOPIC_ARN", messaging.topic_arn("product-events")?.to_owned()),
            ("PRODUCT_INBOX_URL", messaging.queue_url("product-inbox")?.to_owned()),
            ("TOKEN_ISSUER", addresses.front_door.clone()),
        ];
        Ok(self.functions.with_aws("product", own))
    }

    /// The environment of order.
    pub fn order(&self) -> Result<Environment> {
        let FunctionSettings { addresses, messaging, .. } = &self.functions;
        let own = [
            ("LISTEN_ADDR", format!("127.0.0.1:{}", self.ports.order)),
            ("ORDER_TABLE", "order".to_owned()),
            ("ORDER_INBOX_URL", messaging.queue_url("order-inbox")?.to_owned()),
            ("ORDER_DEADLINES_URL", messaging.queue_url("order-deadlines")?.to_owned()),
            ("TOKEN_ISSUER", addresses.front_door.clone()),
        ];
        Ok(self.functions.with_aws("order", own))
    }

    /// The environment of the card processor's simulator.
    pub fn processor(&self) -> Environment {
        let own = [
            ("LISTEN_ADDR", format!("127.0.0.1:{}", self.ports.processor)),
            ("STRIPE_SECRET_KEY", PROCESSOR_KEY.to_owned()),
            ("JOURNAL", self.journal.to_string_lossy().into_owned()),
        ];
        self.functions.with_overrides("psp-simulator", own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_names_a_program_that_there_is() {
        let given: Override = "order.SWEEP_INTERVAL_SECONDS=1".parse().unwrap();
        assert_eq!(given.to_string(), "order.SWEEP_INTERVAL_SECONDS=1");
        for wrong in ["order.X", "ORDER_TABLE=x", "shipping.X=1"] {
            assert!(wrong.parse::<Override>().is_err(), "{wrong}");
        }
    }
}
