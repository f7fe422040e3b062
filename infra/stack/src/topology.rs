//! `infra/topology.json` as types. Terraform reads the same file.

mod check;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The topology at compile time.
const TOPOLOGY: &str = include_str!("../../topology.json");

/// Resources, programs and routes of the system.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topology {
    /// A comment for readers of the file.
    #[serde(rename = "$comment", default)]
    _comment: String,
    /// Names of the SNS topics; one per publisher.
    pub topics: Vec<String>,
    /// SQS queues; each has a dead-letter queue as well.
    pub queues: Vec<Queue>,
    /// DynamoDB tables; each belongs to one service.
    pub tables: Vec<Table>,
    /// Lambda functions.
    pub functions: Vec<Function>,
    /// Services that run as containers behind the load balancer.
    pub services: Vec<Service>,
    /// Routes of the public API.
    pub routes: Vec<ApiRoute>,
}

/// A queue and its subscriptions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// The queue's name.
    pub name: String,
    /// The service or function that receives its messages.
    pub consumer: String,
    /// Visibility timeout.
    pub visibility_timeout_seconds: u32,
    /// Number of receives after which a message moves to the dead-letter queue.
    pub max_receive_count: u32,
    /// Subscriptions to topics.
    pub subscriptions: Vec<Subscription>,
}

impl Queue {
    /// The name of its dead-letter queue.
    pub fn dead_letter_name(&self) -> String {
        dead_letter_name(&self.name)
    }
}

/// The name of the dead-letter queue of the queue `name`.
pub fn dead_letter_name(name: &str) -> String {
    format!("{name}-dlq")
}

/// A subscription of a queue to event types of a topic.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// The topic's name.
    pub topic: String,
    /// Delivered event types.
    pub types: Vec<String>,
}

/// A table with the keys `pk` and `sk`, both strings, and the TTL attribute `expires_at`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The table's name.
    pub name: String,
    /// The only service that reads or writes it.
    pub owner: String,
    /// The topic of the events in its outbox. A table without a topic has no stream.
    pub topic: Option<String>,
    /// Global secondary indexes.
    pub indexes: Vec<Index>,
}

/// A global secondary index; its keys are strings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// The index's name.
    pub name: String,
    /// Partition key.
    pub partition_key: String,
    /// Sort key.
    pub sort_key: String,
    /// Projected attributes.
    pub projection: Projection,
}

/// Projection of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Projection {
    /// All attributes.
    All,
    /// The keys of the table and of the index.
    KeysOnly,
}

/// A Lambda function.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// The function's name.
    pub name: String,
    /// Name of the Cargo binary.
    pub binary: String,
    /// Memory. The CPU share is proportional to it.
    pub memory_mb: u32,
    /// Timeout of an invocation.
    pub timeout_seconds: u32,
    /// Trigger.
    pub trigger: Trigger,
}

impl Function {
    /// Name of the queue for records of the function's stream that are given up. Other functions have none.
    pub fn failure_queue_name(&self) -> Option<String> {
        matches!(self.trigger, Trigger::Stream { .. }).then(|| format!("{}-failures-dlq", self.name))
    }
}

/// A trigger of a function.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Trigger {
    /// Requests of the routes with the function as their target.
    Http,
    /// Messages of a queue.
    Queue {
        /// The queue's name.
        queue: String,
        /// Largest number of messages per invocation.
        batch_size: u32,
        /// Largest number of concurrent invocations.
        maximum_concurrency: u32,
    },
    /// Outbox items in the stream of a table.
    Stream {
        /// The table's name.
        table: String,
        /// Largest number of records per invocation.
        batch_size: u32,
    },
}

/// A service that runs as a container behind the load balancer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Name of the service and of its Cargo binary.
    pub name: String,
    /// Path of the load balancer's health check.
    pub health_check: String,
}

/// A route of the public API.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiRoute {
    /// Method and path in the format of API Gateway: `GET /v1/orders/{id}`.
    pub route: String,
    /// The function or service that handles the requests.
    pub target: String,
    /// Accepted scopes, of which an access token needs one. `null` if no token is required.
    pub scopes: Option<Vec<String>>,
}

impl ApiRoute {
    /// The method.
    pub fn method(&self) -> &str {
        self.route.split_once(' ').map_or("", |(method, _)| method)
    }

    /// The path, with its parameters in braces.
    pub fn path(&self) -> &str {
        self.route.split_once(' ').map_or("", |(_, path)| path)
    }
}

impl Topology {
    /// The topology of this repository. Fails if it is inconsistent.
    pub fn load() -> anyhow::Result<Self> {
        Self::parse(TOPOLOGY)
    }

    /// Parses and checks a topology.
    pub fn parse(json: &str) -> anyhow::Result<Self> {
        let topology: Self =
            serde_json::from_str(json).map_err(|cause| anyhow::anyhow!("infra/topology.json: {cause}"))?;
        check::check(&topology).map_err(|cause| cause.context("infra/topology.json"))?;
        Ok(topology)
    }

    /// Names of all deployed programs: of functions and of services.
    pub fn programs(&self) -> BTreeSet<&str> {
        let functions = self.functions.iter().map(|function| function.binary.as_str());
        functions.chain(self.services.iter().map(|service| service.name.as_str())).collect()
    }

    /// Programs with a root module of their own: all but relays, which belong to the owner of their table.
    pub fn modules(&self) -> BTreeSet<&str> {
        let relays = self.functions.iter().filter(|function| matches!(function.trigger, Trigger::Stream { .. }));
        &self.programs() - &relays.map(|function| function.binary.as_str()).collect()
    }

    /// The function that publishes the outbox of the service `owner`.
    pub fn relay(&self, owner: &str) -> Option<&Function> {
        self.functions.iter().find(|function| match &function.trigger {
            Trigger::Stream { table, .. } => self.table(table).is_some_and(|table| table.owner == owner),
            _ => false,
        })
    }

    /// The queue with this name.
    pub fn queue(&self, name: &str) -> Option<&Queue> {
        self.queues.iter().find(|queue| queue.name == name)
    }

    /// The table with this name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// The function with this name.
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.name == name)
    }

    /// The service with this name.
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }
}
