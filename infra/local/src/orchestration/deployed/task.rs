//! A task of ECS, run as a process with the settings and secrets of its task definition, under its role.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::json;
use stack::{aws_api::AwsApi, emulator, local_env::Environment, units};

/// The part of a task definition that applies to a process.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Definition {
    container_definitions: Vec<Container>,
    task_role_arn: String,
    execution_role_arn: String,
}

#[derive(Debug, Deserialize)]
struct Container {
    name: String,
    #[serde(default)]
    environment: Vec<Setting>,
    #[serde(default)]
    secrets: Vec<Secret>,
}

#[derive(Debug, Deserialize)]
struct Setting {
    name: String,
    value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Secret {
    name: String,
    value_from: String,
}

/// The environment of the service `name` in its task definition, with the addresses of AWS and of the process.
pub async fn environment(aws: &AwsApi, endpoint: &str, name: &str, port: u16) -> Result<Environment> {
    let input = json!({ "taskDefinition": units::name(name) });
    let answer = aws.json("ecs", "AmazonEC2ContainerServiceV20141113.DescribeTaskDefinition", &input).await?;
    let definition: Definition = serde_json::from_value(answer["taskDefinition"].clone())?;
    let container = definition.container_definitions.into_iter().find(|container| container.name == "service");
    let container = container.with_context(|| format!("the task of {name} has no container `service`"))?;
    let mut environment: Environment =
        container.environment.into_iter().map(|setting| (setting.name, setting.value)).collect();
    if !container.secrets.is_empty() {
        // ECS reads secrets under the execution role.
        let secrets = aws_sdk_secretsmanager::Client::new(
            &emulator::sdk_config_as(endpoint, role(&definition.execution_role_arn)).await?,
        );
        for Secret { name, value_from } in container.secrets {
            let secret = secrets.get_secret_value().secret_id(&value_from).send().await;
            let secret = secret.with_context(|| format!("ECS cannot read {value_from}"))?;
            environment.insert(name, secret.secret_string.context("the secret has no string")?);
        }
    }
    environment.insert("LISTEN_ADDR".to_owned(), format!("127.0.0.1:{port}"));
    environment.extend(aws_environment(endpoint, &definition.task_role_arn));
    Ok(environment)
}

/// The environment of the function `name`, for a command of its program under its role.
pub async fn function_environment(aws: &AwsApi, endpoint: &str, name: &str) -> Result<Environment> {
    let path = format!("/2015-03-31/functions/{}", units::name(name));
    let function = aws.find("lambda", &path).await?.with_context(|| format!("no function {name}"))?;
    let function = &function["Configuration"];
    let own: Environment = serde_json::from_value(function["Environment"]["Variables"].clone())?;
    let role = function["Role"].as_str().with_context(|| format!("the function {name} has no role"))?;
    Ok(own.into_iter().chain(aws_environment(endpoint, role)).collect())
}

/// The addresses of AWS and of the credentials of a role.
fn aws_environment(endpoint: &str, role_arn: &str) -> [(String, String); 4] {
    [
        ("AWS_ENDPOINT_URL", endpoint.to_owned()),
        ("AWS_REGION", emulator::REGION.to_owned()),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", emulator::role_url(endpoint, role(role_arn))),
        ("RUST_BACKTRACE", "0".to_owned()), // a backtrace hides the error in the log
    ]
    .map(|(name, value)| (name.to_owned(), value))
}

/// The name of a role.
fn role(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
