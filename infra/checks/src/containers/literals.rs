//! What compose must have in common with the topology, the tool and Terraform: names, addresses, settings, versions.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result};
use serde_json::Value;
use stack::{emulator::REGION, provision::front_door, topology::Topology};

use super::{
    Dockerfiles,
    compose::{Compose, Service},
    pins, read, services,
};

/// The account of the emulated AWS.
const ACCOUNT: &str = "000000000000";

/// Ports of images that are not ours, by repository.
const PORTS: [(&str, &str); 1] = [("postgres", "5432")];

/// Settings that the SDK reads, not the service.
const OF_THE_SDK: [&str; 4] = ["AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

/// Where they differ.
pub fn findings(compose: &Compose, root: &Path, dockerfiles: &Dockerfiles, topology: &Topology) -> Result<Vec<String>> {
    let ports = ports(compose, dockerfiles);
    let mut found = Vec::new();
    for (name, service) in &compose.services {
        for (setting, value) in &service.environment {
            let value = text(value);
            let mut wrong = |what: String| found.push(format!("{name}: {setting} {what}"));
            addresses(&value, &ports).into_iter().for_each(&mut wrong);
            meaning(setting, &value, topology).into_iter().for_each(&mut wrong);
        }
        found.extend(unknown_settings(name, service, root));
    }
    let database = read(root, "infra/terraform/units/product/database.tf")?;
    found.extend(database_version(compose, &database)?);
    Ok(found)
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// On which ports each container listens.
fn ports(compose: &Compose, dockerfiles: &Dockerfiles) -> BTreeMap<String, Vec<String>> {
    let listens = |service: &Service| match services::stage(service, dockerfiles) {
        Some((file, stage)) => file.inherited(stage, |stage| (!stage.ports.is_empty()).then(|| stage.ports.clone())),
        None => {
            let repository = service.image.as_deref().map_or("", pins::repository);
            PORTS.iter().find(|(image, _)| *image == repository).map(|(_, port)| vec![(*port).to_owned()])
        }
    };
    compose.services.iter().map(|(name, service)| (name.clone(), listens(service).unwrap_or_default())).collect()
}

/// `host:port` anywhere in a value, where the host is a container: it must listen there.
fn addresses(value: &str, ports: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let words = value.split(['/', '=', ',', '@']);
    let addresses = words.filter_map(|word| word.split_once(':'));
    let wrong = addresses.filter(|(host, port)| {
        ports
            .get(*host)
            .is_some_and(|listens| port.parse::<u16>().is_ok() && !listens.iter().any(|known| known == port))
    });
    wrong.map(|(host, port)| format!("is about `{host}:{port}`, but {host} does not listen there")).collect()
}

/// What a value must be by the setting's name.
fn meaning(setting: &str, value: &str, topology: &Topology) -> Option<String> {
    let no = |what: &str| Some(format!("is `{value}`, but {what}"));
    let name = value.rsplit([':', '/']).next().unwrap_or_default();
    if setting.ends_with("_TOPIC_ARN") {
        let known = topology.topics.iter().any(|topic| topic == name);
        let place = format!("arn:aws:sns:{REGION}:{ACCOUNT}:");
        return if known && value.starts_with(&place) { None } else { no("the topology's topics are others") };
    }
    if setting.ends_with("_INBOX_URL") || setting.ends_with("_DEADLINES_URL") {
        let expected = setting.trim_end_matches("_URL").to_lowercase().replace('_', "-");
        let right =
            topology.queue(name).is_some() && name == expected && value.ends_with(&format!("/{ACCOUNT}/{name}"));
        return if right { None } else { no("the topology's queue of that name is another") };
    }
    if let Some(owner) = setting.strip_suffix("_TABLE") {
        let owned = topology.table(value).is_some_and(|table| table.owner == owner.to_lowercase());
        return if owned { None } else { no("the topology's table of that service is another") };
    }
    if setting == "TOKEN_ISSUER" {
        let address = value.trim_start_matches("http://").split('/').next().unwrap_or_default();
        return if value == front_door::url(address) { None } else { no("the front door has another path") };
    }
    if setting == "AWS_REGION" && value != REGION { no("everything local is in another Region") } else { None }
}

/// A name that a service does not read has no effect, and no message.
fn unknown_settings(name: &str, service: &Service, root: &Path) -> Vec<String> {
    let Some(build) = &service.build else { return Vec::new() };
    let folder = build.target.as_deref().unwrap_or_default();
    let Ok(config) = fs::read_to_string(root.join("services").join(folder).join("src/config.rs")) else {
        return Vec::new();
    };
    let settings = service.environment.keys().filter(|setting| !OF_THE_SDK.contains(&setting.as_str()));
    let unknown = settings.filter(|setting| !config.contains(&format!("env = \"{setting}\"")));
    unknown.map(|setting| format!("{name}: {setting} is no setting of {folder}")).collect()
}

/// The database is of the same major version as on AWS.
fn database_version(compose: &Compose, terraform: &str) -> Result<Option<String>> {
    let line = terraform.lines().find(|line| line.trim_start().starts_with("engine_version"));
    let on_aws = line.and_then(|line| line.split('"').nth(1)).context("database.tf has no engine_version")?;
    let images = compose.services.values().filter_map(|service| service.image.as_deref());
    let image = images.into_iter().find(|image| pins::repository(image) == "postgres");
    // Without a version it is a finding already.
    let Some(here) = image.and_then(pins::version) else { return Ok(None) };
    let major = |version: &str| version.split('.').next().map(str::to_owned);
    Ok((major(here) != major(on_aws)).then(|| format!("PostgreSQL is {here}, but {on_aws} on AWS")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use stack::workspace_root;

    use crate::containers::COMPOSE;

    /// What is found in our file when `from` is replaced.
    fn after(from: &str, to: &str) -> Vec<String> {
        let root = workspace_root();
        let text = read(&root, COMPOSE).unwrap();
        assert!(text.contains(from), "{from}");
        let compose = Compose::parse(&text.replacen(from, to, 1)).unwrap();
        findings(&compose, &root, &super::super::dockerfiles(&root).unwrap(), &Topology::load().unwrap()).unwrap()
    }

    #[test]
    fn our_file_agrees_and_each_difference_is_found() {
        assert_eq!(after("services", "services"), Vec::<String>::new());
        let cases = [
            ("product-events\n", "product-event\n", "product: PRODUCT_EVENTS_TOPIC_ARN is `arn:"),
            ("sns:us-east-1", "sns:eu-west-1", "product: PRODUCT_EVENTS_TOPIC_ARN is `arn:"),
            ("/order-deadlines", "/order-inbox", "order: ORDER_DEADLINES_URL is `"),
            ("000000000000/product-inbox", "111111111111/product-inbox", "product: PRODUCT_INBOX_URL is `"),
            ("ORDER_TABLE: order", "ORDER_TABLE: payment", "order: ORDER_TABLE is `payment`"),
            ("execute-api/shop", "execute-api/store", "order: TOKEN_ISSUER is `"),
            ("AWS_REGION: us-east-1", "AWS_REGION: eu-west-1", "order: AWS_REGION is `eu-west-1`"),
            ("@postgres:5432", "@postgres:5433", "product: DATABASE_URL is about `postgres:5433`"),
            ("order=order:8080", "order=order:8081", "shop: SHOP_SERVICES is about `order:8081`"),
            ("ORDER_TABLE:", "ORDERS_TABLE:", "order: ORDERS_TABLE is no setting of order"),
            ("postgres:18.4", "postgres:17.4", "PostgreSQL is 17.4, but 18 on AWS"),
        ];
        for (from, to, expected) in cases {
            let found = after(from, to);
            assert!(found.iter().any(|finding| finding.starts_with(expected)), "{from} -> {to}: {found:?}");
        }
    }
}
