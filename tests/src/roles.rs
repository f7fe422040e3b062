//! Permissions: the role of every program against every resource of every service.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{error::ProvideErrorMetadata, types::AttributeValue};
use aws_sdk_kms::{primitives::Blob, types::SigningAlgorithmSpec};
use stack::{
    provision::secrets::PROCESSOR_KEY,
    topology::{Queue, Topology, Trigger},
    units,
};

/// The secret that ECS reads for product.
const DATABASE_URL: &str = "product-database-url";

/// Error codes of a denied call.
const DENIALS: [&str; 3] = ["AccessDenied", "AccessDeniedException", "AuthorizationError"];

/// A role, by its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// Role of a function.
    Function(String),
    /// Task role of a service.
    Task(String),
    /// Execution role of a service, under which ECS starts its tasks.
    Execution(String),
}

impl Role {
    /// Roles of all functions and services.
    pub fn all(topology: &Topology) -> Vec<Self> {
        let functions = topology.functions.iter().map(|function| Self::Function(function.name.clone()));
        let services = topology.services.iter().map(|service| service.name.clone());
        let services = services.flat_map(|name| [Self::Task(name.clone()), Self::Execution(name)]);
        functions.chain(services).collect()
    }

    /// Name of the role on AWS.
    pub fn name(&self) -> String {
        match self {
            Self::Function(name) => units::name(name),
            Self::Task(name) => units::name(&format!("{name}-task")),
            Self::Execution(name) => units::name(&format!("{name}-execution")),
        }
    }

    /// The program that runs under the role.
    fn program(&self) -> Option<&str> {
        match self {
            Self::Function(name) | Self::Task(name) => Some(name),
            Self::Execution(_) => None,
        }
    }
}

/// A call to one resource. An allowed call has no side effect that matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Reads an item of a table.
    GetItem(String),
    /// Writes an item into a table.
    PutItem(String),
    /// Scans a table.
    Scan(String),
    /// Deletes a message that does not exist from a queue.
    DeleteMessage(String),
    /// Sends to a queue.
    SendMessage(String),
    /// Publishes a message that no subscription accepts.
    Publish(String),
    /// Signs with the key of access tokens, by its ARN.
    Sign(String),
    /// Encrypts directly with the key of tables, queues and topics, by its ARN.
    UseDataKey(String),
    /// Reads a secret.
    ReadSecret(&'static str),
}

impl Call {
    /// Every call to every resource. `aws` has the administrator's credentials.
    pub async fn all(topology: &Topology, aws: &SdkConfig) -> Vec<Self> {
        let tables = topology.tables.iter().map(|table| table.name.clone());
        let tables =
            tables.flat_map(|name| [Self::GetItem(name.clone()), Self::PutItem(name.clone()), Self::Scan(name)]);
        let queues = topology.queues.iter().flat_map(|queue| [queue.name.clone(), queue.dead_letter_name()]);
        let queues = queues.flat_map(|name| [Self::DeleteMessage(name.clone()), Self::SendMessage(name)]);
        let topics = topology.topics.iter().map(|name| Self::Publish(name.clone()));
        let (signing, data) = (key(aws, "token-signing").await, key(aws, "data").await);
        let keys = [Self::Sign(signing), Self::UseDataKey(data)];
        let others = [Self::ReadSecret(DATABASE_URL), Self::ReadSecret(PROCESSOR_KEY)];
        tables.chain(queues).chain(topics).chain(keys).chain(others).collect()
    }

    /// True if the role needs the permission.
    pub fn is_for(&self, role: &Role, topology: &Topology) -> bool {
        let by = |name: &str| role.program() == Some(name);
        match self {
            Self::GetItem(table) | Self::PutItem(table) => topology.table(table).is_some_and(|table| by(&table.owner)),
            Self::Scan(_) | Self::UseDataKey(_) => false,
            Self::DeleteMessage(queue) => topology.queue(queue).is_some_and(|queue| by(&queue.consumer)),
            Self::SendMessage(queue) => {
                let rejects = |to: &Queue| by(&to.consumer) && to.dead_letter_name() == *queue;
                topology.queues.iter().any(rejects)
            }
            Self::Publish(topic) => by("product") && topic == "product-events" || relays(role, topic, topology),
            Self::Sign(_) => by("user"),
            Self::ReadSecret(DATABASE_URL) => *role == Role::Execution("product".to_owned()),
            Self::ReadSecret(_) => by("payment"),
        }
    }

    /// Makes the call with the credentials of a role. Returns true if it is denied.
    pub async fn is_denied(&self, aws: &SdkConfig) -> bool {
        let code = match self {
            Self::GetItem(table) => {
                let item = aws_sdk_dynamodb::Client::new(aws).get_item().table_name(units::name(table));
                code(item.key("pk", text()).key("sk", text()).send().await)
            }
            Self::PutItem(table) => {
                let item = aws_sdk_dynamodb::Client::new(aws).put_item().table_name(units::name(table));
                code(item.item("pk", text()).item("sk", text()).send().await)
            }
            Self::Scan(table) => {
                code(aws_sdk_dynamodb::Client::new(aws).scan().table_name(units::name(table)).limit(1).send().await)
            }
            Self::DeleteMessage(queue) => {
                let message = aws_sdk_sqs::Client::new(aws).delete_message().queue_url(url(aws, queue));
                code(message.receipt_handle("none").send().await)
            }
            Self::SendMessage(queue) => {
                let message = aws_sdk_sqs::Client::new(aws).send_message().queue_url(url(aws, queue));
                code(message.message_body("{}").send().await)
            }
            Self::Publish(topic) => {
                let arn = format!("arn:aws:sns:{}:{ACCOUNT}:{}", stack::emulator::REGION, units::name(topic));
                code(aws_sdk_sns::Client::new(aws).publish().topic_arn(arn).message("{}").send().await)
            }
            Self::Sign(key) => {
                let sign = aws_sdk_kms::Client::new(aws).sign().key_id(key).message(Blob::new("x"));
                code(sign.signing_algorithm(SigningAlgorithmSpec::RsassaPkcs1V15Sha256).send().await)
            }
            Self::UseDataKey(key) => {
                let encrypt = aws_sdk_kms::Client::new(aws).encrypt().key_id(key).plaintext(Blob::new("x"));
                code(encrypt.send().await)
            }
            Self::ReadSecret(name) => {
                let secrets = aws_sdk_secretsmanager::Client::new(aws);
                code(secrets.get_secret_value().secret_id(units::name(name)).send().await)
            }
        };
        code.is_some_and(|code| DENIALS.contains(&code.as_str()))
    }
}

/// The only account of the emulated AWS.
const ACCOUNT: &str = "000000000000";

/// True if the role belongs to the relay that publishes to this topic.
fn relays(role: &Role, topic: &str, topology: &Topology) -> bool {
    let function = role.program().and_then(|program| topology.function(program));
    let Some(Trigger::Stream { table, .. }) = function.map(|function| &function.trigger) else { return false };
    topology.table(table).is_some_and(|table| table.topic.as_deref() == Some(topic))
}

/// The ARN of the key behind an alias.
async fn key(aws: &SdkConfig, alias: &str) -> String {
    let alias = format!("alias/{}", units::name(alias));
    let found = aws_sdk_kms::Client::new(aws).describe_key().key_id(alias).send().await.expect("a key");
    found.key_metadata.and_then(|key| key.arn).expect("a key has an ARN")
}

fn text() -> AttributeValue {
    AttributeValue::S("TEST".to_owned())
}

fn url(aws: &SdkConfig, queue: &str) -> String {
    format!("{}/{ACCOUNT}/{}", aws.endpoint_url().expect("an emulated AWS has an address"), units::name(queue))
}

/// The error code of a failed call.
fn code<T, E: ProvideErrorMetadata>(outcome: Result<T, E>) -> Option<String> {
    outcome.err().and_then(|error| error.code().map(str::to_owned))
}
