//! Dockerfiles and compose: what can be said of them without building an image.
//!
//! - `dockerfile`, `compose`: the two kinds of files, as far as they are read
//! - `pins`, `ignore`: images' names; what a builder sees
//! - `images`: what must be true of a Dockerfile by itself
//! - `agreement`: what it must have in common with the workspace and the topology
//! - `services`, `literals`: the same for compose
//! - `tools`: what hadolint and Docker's own reader say, where there are any

mod agreement;
mod compose;
mod dockerfile;
mod ignore;
mod images;
mod literals;
mod pins;
mod services;
mod tools;

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result};
use stack::topology::Topology;

use self::{compose::Compose, dockerfile::Dockerfile, ignore::Ignore};
use super::report::Report;

/// The Dockerfile of all that is ours.
const OURS: &str = "docker/Dockerfile";

/// The shop in containers.
const COMPOSE: &str = "docker-compose.yml";

/// Dockerfiles by their path in the repository.
type Dockerfiles = BTreeMap<String, Dockerfile>;

/// Reads them.
pub async fn check(root: &Path, target: &Path, report: &mut Report) -> Result<()> {
    let ignore = Ignore::parse(&read(root, ".dockerignore")?);
    let topology = Topology::parse(&read(root, "infra/topology.json")?)?;
    let dockerfiles = dockerfiles(root)?;
    for (path, file) in &dockerfiles {
        let detail = format!("{} stages, each image pinned, each copied path there", file.stages.len());
        report.judge(path, detail, images::findings(file, root, &ignore));
    }
    let ours = dockerfiles.get(OURS).with_context(|| format!("there is no {OURS}"))?;
    let agreement = agreement::findings(ours, root, &topology)?;
    report.judge(format!("{OURS} and the workspace"), "the same programs, services, toolchain", agreement);

    let compose = Compose::parse(&read(root, COMPOSE)?)?;
    let detail = format!("{} services, pinned, locked down, each start waits for health", compose.services.len());
    report.judge(COMPOSE, detail, services::findings(&compose, root, &dockerfiles));
    let literals = literals::findings(&compose, root, &dockerfiles, &topology)?;
    report.judge(format!("{COMPOSE} and the topology"), "the same names, addresses, settings, versions", literals);

    tools::check(root, target, dockerfiles.keys(), report).await
}

fn dockerfiles(root: &Path) -> Result<Dockerfiles> {
    let mut found = Dockerfiles::new();
    for entry in fs::read_dir(root.join("docker")).context("cannot list docker/")? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name == "Dockerfile" || name.ends_with(".Dockerfile") {
            let path = format!("docker/{name}");
            found.insert(path.clone(), Dockerfile::parse(&path, &read(root, &path)?)?);
        }
    }
    Ok(found)
}

/// A file of the repository.
fn read(root: &Path, path: &str) -> Result<String> {
    fs::read_to_string(root.join(path)).with_context(|| format!("cannot read {path}"))
}
