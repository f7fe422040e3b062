//! A compose file: what is read of one, and nothing more.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

/// A compose file. Anchors and merges are resolved.
#[derive(Debug, Deserialize)]
pub struct Compose {
    /// By name.
    pub services: BTreeMap<String, Service>,
    /// Volumes that are declared.
    #[serde(default)]
    pub volumes: BTreeMap<String, Value>,
    /// Files that are given to containers.
    #[serde(default)]
    pub configs: BTreeMap<String, Config>,
}

/// A file that is given to containers.
#[derive(Debug, Deserialize)]
pub struct Config {
    /// Where it is in the repository.
    pub file: String,
}

/// A container, or several of the same kind.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Service {
    /// What it runs, or, with `build`, the name of what was built.
    pub image: Option<String>,
    /// How it is built.
    pub build: Option<Build>,
    /// Whether its root is.
    pub read_only: bool,
    /// Which of a root's powers it does without.
    pub cap_drop: Vec<String>,
    /// `no-new-privileges:true`
    pub security_opt: Vec<String>,
    /// Its settings.
    pub environment: BTreeMap<String, Value>,
    /// What must be there before it starts.
    pub depends_on: BTreeMap<String, Dependency>,
    /// `name:/path`
    pub volumes: Vec<String>,
    /// `address:port:port`
    pub ports: Vec<String>,
    /// Names of `configs`.
    pub configs: Vec<String>,
    /// How Docker knows that it is well, if its image does not tell.
    pub healthcheck: Option<Value>,
}

/// How an image is built.
#[derive(Debug, Deserialize)]
pub struct Build {
    /// A Dockerfile of the repository.
    pub dockerfile: String,
    /// A stage of it; otherwise the last one.
    pub target: Option<String>,
}

/// What a start waits for.
#[derive(Debug, Deserialize)]
pub struct Dependency {
    /// `service_healthy`, `service_completed_successfully` or `service_started`
    pub condition: String,
}

impl Compose {
    /// Reads one.
    pub fn parse(text: &str) -> Result<Self> {
        serde_saphyr::from_str(text).context("cannot read docker-compose.yml")
    }
}
