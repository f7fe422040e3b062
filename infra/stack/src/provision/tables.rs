//! DynamoDB tables: keys, indexes, expiry, streams.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, bail, ensure};
use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    Client,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
        ScalarAttributeType, StreamSpecification, StreamViewType, TableDescription, TableStatus,
        TimeToLiveSpecification, TimeToLiveStatus,
    },
};
use futures::future::try_join_all;

use crate::topology::{self, Table, Topology};

/// The tables of the topology.
#[derive(Debug, Clone)]
pub struct Tables {
    /// Tables, by the name that the topology gives them.
    pub tables: BTreeMap<String, ProvisionedTable>,
}

impl Tables {
    /// The ARN of the stream of a table of the topology.
    pub fn stream_arn(&self, name: &str) -> anyhow::Result<&str> {
        let arn = self.tables.get(name).and_then(|table| table.stream_arn.as_deref());
        arn.with_context(|| format!("there is no table {name} with a stream"))
    }
}

/// Makes the tables.
pub async fn provision(config: &SdkConfig, topology: &Topology) -> anyhow::Result<Tables> {
    let dynamodb = &Client::new(config);
    let tables = topology.tables.iter().map(async |shape| {
        let table = table(dynamodb, &shape.name, shape).await?;
        anyhow::Ok((shape.name.clone(), table))
    });
    Ok(Tables { tables: try_join_all(tables).await?.into_iter().collect() })
}

/// A table that is there.
#[derive(Debug, Clone)]
pub struct ProvisionedTable {
    /// Its name.
    pub name: String,
    /// The ARN of its stream, if it has one.
    pub stream_arn: Option<String>,
}

/// Makes the table `name`, shaped like `shape`, if it is not there.
pub async fn table(dynamodb: &Client, name: &str, shape: &Table) -> anyhow::Result<ProvisionedTable> {
    let description = match describe(dynamodb, name).await? {
        Some(description) => description,
        None => create(dynamodb, name, shape).await.with_context(|| format!("cannot make the table {name}"))?,
    };
    expire(dynamodb, name).await.with_context(|| format!("cannot turn on expiry of the table {name}"))?;
    Ok(ProvisionedTable { name: name.to_owned(), stream_arn: description.latest_stream_arn })
}

async fn describe(dynamodb: &Client, name: &str) -> anyhow::Result<Option<TableDescription>> {
    match dynamodb.describe_table().table_name(name).send().await {
        Ok(answer) => Ok(answer.table),
        Err(cause) if cause.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => Ok(None),
        Err(cause) => Err(cause).with_context(|| format!("cannot describe the table {name}")),
    }
}

async fn create(dynamodb: &Client, name: &str, shape: &Table) -> anyhow::Result<TableDescription> {
    let index_keys = shape.indexes.iter().flat_map(|index| [&index.partition_key, &index.sort_key]);
    let mut attributes: Vec<&str> = ["pk", "sk"].into_iter().chain(index_keys.map(String::as_str)).collect();
    attributes.sort_unstable();
    attributes.dedup();
    let attributes = attributes.into_iter().map(string_attribute).collect::<Result<_, _>>()?;
    let indexes = shape.indexes.iter().map(index).collect::<Result<Vec<_>, _>>()?;
    let stream = shape.topic.is_some().then(|| {
        StreamSpecification::builder().stream_enabled(true).stream_view_type(StreamViewType::NewImage).build()
    });
    dynamodb
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(attributes))
        .set_key_schema(Some(key_schema("pk", "sk")?))
        .set_global_secondary_indexes((!indexes.is_empty()).then_some(indexes))
        .set_stream_specification(stream.transpose()?)
        .send()
        .await?;
    wait_until_active(dynamodb, name).await
}

async fn wait_until_active(dynamodb: &Client, name: &str) -> anyhow::Result<TableDescription> {
    const ATTEMPTS: usize = 100;
    for _ in 0..ATTEMPTS {
        let description = describe(dynamodb, name).await?.context("it vanished")?;
        if description.table_status == Some(TableStatus::Active) {
            return Ok(description);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bail!("it does not become active")
}

async fn expire(dynamodb: &Client, name: &str) -> anyhow::Result<()> {
    let state = dynamodb.describe_time_to_live().table_name(name).send().await?;
    let status = state.time_to_live_description.and_then(|description| description.time_to_live_status);
    if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
        return Ok(());
    }
    let specification = TimeToLiveSpecification::builder().enabled(true).attribute_name("expires_at").build()?;
    let answer =
        dynamodb.update_time_to_live().table_name(name).time_to_live_specification(specification).send().await?;
    ensure!(answer.time_to_live_specification.is_some_and(|ttl| ttl.enabled), "it stays off");
    Ok(())
}

fn string_attribute(name: &str) -> anyhow::Result<AttributeDefinition> {
    Ok(AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build()?)
}

fn key_schema(partition_key: &str, sort_key: &str) -> anyhow::Result<Vec<KeySchemaElement>> {
    let element = |name, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    Ok(vec![element(partition_key, KeyType::Hash)?, element(sort_key, KeyType::Range)?])
}

fn index(index: &topology::Index) -> anyhow::Result<GlobalSecondaryIndex> {
    let projection = match index.projection {
        topology::Projection::All => ProjectionType::All,
        topology::Projection::KeysOnly => ProjectionType::KeysOnly,
    };
    let index = GlobalSecondaryIndex::builder()
        .index_name(&index.name)
        .set_key_schema(Some(key_schema(&index.partition_key, &index.sort_key)?))
        .projection(Projection::builder().projection_type(projection).build())
        .build()?;
    Ok(index)
}
