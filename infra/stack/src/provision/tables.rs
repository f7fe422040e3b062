//! DynamoDB tables: keys, indexes, expiry, streams.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use futures::future::try_join_all;
use serde_json::{Value, json};

use crate::{
    aws_api::AwsApi,
    topology::{Table, Topology},
};

/// ARNs of streams, by table. A table without a stream has none.
pub type Streams = BTreeMap<String, Option<String>>;

/// Creates the tables of the topology, and returns their streams.
pub async fn provision(config: &SdkConfig, topology: &Topology) -> Result<Streams> {
    let aws = &AwsApi::of(config)?;
    let tables = topology.tables.iter().map(async |shape| {
        let stream = table(aws, &shape.name, shape).await?;
        anyhow::Ok((shape.name.clone(), stream))
    });
    Ok(try_join_all(tables).await?.into_iter().collect())
}

/// Creates the table `name`, shaped like `shape`, unless it exists. Returns the ARN of its stream, if it has one.
pub async fn table(aws: &AwsApi, name: &str, shape: &Table) -> Result<Option<String>> {
    let call = async |action: &str, input: Value| {
        let target = format!("DynamoDB_20120810.{action}");
        let output = aws.json_unless("ResourceInUseException", "dynamodb", &target, &input).await;
        output.with_context(|| format!("cannot create the table {name}"))
    };
    call("CreateTable", definition(name, shape)).await?;
    let expiry = json!({ "Enabled": true, "AttributeName": "expires_at" });
    call("UpdateTimeToLive", json!({ "TableName": name, "TimeToLiveSpecification": expiry })).await?;
    let described = call("DescribeTable", json!({ "TableName": name })).await?.unwrap_or_default();
    Ok(described["Table"]["LatestStreamArn"].as_str().map(str::to_owned))
}

fn definition(name: &str, shape: &Table) -> Value {
    let index_keys = shape.indexes.iter().flat_map(|index| [index.partition_key.as_str(), &index.sort_key]);
    let attributes: BTreeSet<_> = ["pk", "sk"].into_iter().chain(index_keys).collect();
    let attributes = attributes.into_iter().map(|name| json!({ "AttributeName": name, "AttributeType": "S" }));
    let mut table = json!({
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": attributes.collect::<Value>(),
        "KeySchema": key_schema("pk", "sk"),
    });
    let indexes = shape.indexes.iter().map(|index| {
        json!({
            "IndexName": index.name,
            "KeySchema": key_schema(&index.partition_key, &index.sort_key),
            "Projection": { "ProjectionType": index.projection },
        })
    });
    if !shape.indexes.is_empty() {
        table["GlobalSecondaryIndexes"] = indexes.collect();
    }
    if shape.topic.is_some() {
        table["StreamSpecification"] = json!({ "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" });
    }
    table
}

fn key_schema(partition_key: &str, sort_key: &str) -> Value {
    json!([
        { "AttributeName": partition_key, "KeyType": "HASH" },
        { "AttributeName": sort_key, "KeyType": "RANGE" },
    ])
}
