//! What the Dockerfile of our programs must have in common with the workspace and the topology.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context, Result};
use stack::topology::Topology;

use super::{
    dockerfile::{Dockerfile, Form, Stage},
    ignore::Ignore,
    pins, read,
};

/// What is in images, but on no AWS.
const TOOLS: [&str; 2] = ["psp-simulator", "shop"];

type Names = BTreeSet<String>;

/// Where they differ.
pub fn findings(file: &Dockerfile, root: &Path, topology: &Topology) -> Result<Vec<String>> {
    let channel = channel(&read(root, "rust-toolchain.toml")?)?;
    let services = programs(root)?;
    let functions = topology.functions.iter().map(|function| function.binary.clone()).collect();
    let mut found = toolchain(file, &channel);
    found.extend(context(file, &read(root, "Cargo.toml")?, &Ignore::parse(&read(root, ".dockerignore")?), root));
    found.extend(packages(file, &services));
    found.extend(lists(file, &services, &functions));
    found.extend(images(file, topology));
    Ok(found)
}

/// `channel = "1.95.0"`
fn channel(toolchain: &str) -> Result<String> {
    let channel = toolchain.lines().find_map(|line| line.strip_prefix("channel"));
    let channel = channel.and_then(|rest| rest.split('"').nth(1));
    channel.map(str::to_owned).context("rust-toolchain.toml has no channel")
}

/// The services of the workspace: a folder each, with a program of its name.
fn programs(root: &Path) -> Result<Names> {
    let folders = fs::read_dir(root.join("services")).context("cannot list the services")?;
    let folders = folders.filter_map(Result::ok).filter(|folder| folder.path().join("src/main.rs").is_file());
    Ok(folders.map(|folder| folder.file_name().to_string_lossy().into_owned()).collect())
}

/// What cargo reads of the workspace, and what a command names below docker/, is there and goes to the builder.
fn context(file: &Dockerfile, manifest: &str, ignore: &Ignore, root: &Path) -> Vec<String> {
    let members = manifest.split("members = [").nth(1).and_then(|rest| rest.split(']').next()).unwrap_or_default();
    let members = members.split('"').filter(|word| word.contains(char::is_alphanumeric));
    let named = runs(file).flat_map(|(_, run)| run.split_whitespace()).filter(|word| word.starts_with("docker/"));
    let needed: BTreeSet<_> = members.chain(named).chain(["Cargo.toml", "Cargo.lock", "infra/topology.json"]).collect();
    let missing = needed.into_iter().filter(|path| !root.join(path).exists() || ignore.shuts_out(path));
    missing.map(|path| format!("{}: the builder needs `{path}`, and does not get it", file.path)).collect()
}

fn toolchain(file: &Dockerfile, channel: &str) -> Vec<String> {
    let compilers = file.stages.iter().filter(|stage| pins::repository(&stage.base).ends_with("rust"));
    let versions: Vec<_> = compilers.map(|stage| (stage.line, pins::version(&stage.base))).collect();
    if versions.is_empty() {
        return vec![format!("{}: no stage begins with a compiler of Rust", file.path)];
    }
    let wrong = versions.into_iter().filter(|(_, version)| *version != Some(channel));
    wrong
        .map(|(line, version)| {
            format!(
                "{}:{line}: Rust {}, but {channel} in rust-toolchain.toml",
                file.path,
                version.unwrap_or("of no version")
            )
        })
        .collect()
}

/// Whatever cargo builds is all services, or all tools: dependencies of one half would be built twice otherwise.
fn packages(file: &Dockerfile, services: &Names) -> Vec<String> {
    let tools: Names = TOOLS.map(str::to_owned).into();
    let (mut found, mut built) = (Vec::new(), Names::new());
    for (line, run) in runs(file) {
        let words: Vec<_> = run.split_whitespace().map(|word| word.trim_end_matches(';')).collect();
        let named: Names =
            words.windows(2).filter(|pair| pair[0] == "--package").map(|pair| pair[1].to_owned()).collect();
        if named.is_empty() {
            continue;
        }
        if named != *services && named != tools {
            found.push(format!("{}:{line}: builds {}", file.path, differences(&named, services)));
        }
        if run.contains("cargo build") {
            built.extend(named);
        }
    }
    let missing = services.union(&tools).filter(|program| !built.contains(*program));
    found.extend(missing.map(|program| format!("{}: no `cargo build` makes `{program}`", file.path)));
    found
}

/// `for program in user product …; do`: of all services, or of those that are functions.
fn lists(file: &Dockerfile, services: &Names, functions: &Names) -> Vec<String> {
    let mut found = Vec::new();
    let mut seen = [false; 2];
    for (line, run) in runs(file) {
        for list in run.split("for program in ").skip(1) {
            let list: Names =
                list.split(';').next().unwrap_or_default().split_whitespace().map(str::to_owned).collect();
            seen[0] |= list == *services;
            seen[1] |= list == *functions;
            if list != *services && list != *functions {
                let nearest = if list.len() > functions.len() { services } else { functions };
                found.push(format!("{}:{line}: a list of programs {}", file.path, differences(&list, nearest)));
            }
        }
    }
    for (seen, what) in seen.into_iter().zip(["of all services", "of all functions of the topology"]) {
        if !seen {
            found.push(format!("{}: no list `for program in` is one {what}", file.path));
        }
    }
    let zipped =
        file.stages.iter().flat_map(|stage| &stage.copies).find(|copy| copy.sources.len() > 1 && copy.from.is_some());
    let carried: Names = zipped.iter().flat_map(|copy| &copy.sources).map(|path| base_name(path).to_owned()).collect();
    if carried != *functions {
        found.push(format!("{}: the image of the tool carries {}", file.path, differences(&carried, functions)));
    }
    found
}

/// Every service of the topology has an image of its program, whose health check asks what the load balancer asks.
fn images(file: &Dockerfile, topology: &Topology) -> Vec<String> {
    let mut found = Vec::new();
    for service in &topology.services {
        let name = &service.name;
        let Some(stage) = file.stage(name) else {
            found.push(format!("{}: there is no stage `{name}`", file.path));
            continue;
        };
        let mut wrong = |what: String| found.push(format!("{}:{}: {name} {what}", file.path, stage.line));
        if !copies(stage).any(|program| program == name) {
            wrong("does not carry its program".to_owned());
        }
        if stage.entrypoint != Some(Form::Exec(vec![format!("/{name}")])) {
            wrong(format!("does not start `/{name}`"));
        }
        match file.inherited(stage, |stage| stage.health.as_ref()) {
            Some(Form::Exec(words)) if words.contains(&service.health_check) => {}
            _ => wrong(format!("is not asked for {}, which the topology says", service.health_check)),
        }
    }
    found
}

fn copies(stage: &Stage) -> impl Iterator<Item = &str> {
    stage.copies.iter().flat_map(|copy| &copy.sources).map(|source| base_name(source))
}

fn runs(file: &Dockerfile) -> impl Iterator<Item = &(usize, String)> {
    file.stages.iter().flat_map(|stage| &stage.runs)
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// `without payment, with shipping`
fn differences(found: &Names, expected: &Names) -> String {
    let list = |names: &mut dyn Iterator<Item = &String>| names.map(String::as_str).collect::<Vec<_>>().join(" and ");
    let missing = list(&mut expected.difference(found));
    let surplus = list(&mut found.difference(expected));
    let parts = [("without", missing), ("with", surplus)]
        .map(|(word, names)| (!names.is_empty()).then(|| format!("{word} {names}")));
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use stack::workspace_root;

    use crate::containers::OURS;

    fn after(from: &str, to: &str) -> Vec<String> {
        let root = workspace_root();
        let text = read(&root, OURS).unwrap();
        assert!(text.contains(from), "{from}");
        let file = Dockerfile::parse("D", &text.replacen(from, to, 1)).unwrap();
        findings(&file, &root, &Topology::load().unwrap()).unwrap()
    }

    #[test]
    fn our_file_agrees_and_each_difference_is_found() {
        assert_eq!(after("FROM", "FROM"), Vec::<String>::new());
        let cases = [
            ("rust:1.95.0", "rust:1.94.0", "Rust 1.94.0, but "),
            ("--package payment --package notification", "--package notification", "builds without payment"),
            ("--bins --package psp-simulator --package shop", "--bins --package shop", "builds without"),
            ("for program in user product", "for program in product", "a list of programs without user"),
            (
                "for program in user payment",
                "for program in user stock",
                "a list of programs without payment, with stock",
            ),
            ("/out/notification /out", "/out", "the image of the tool carries without notification"),
            ("docker/health.rs", "docker/healthy.rs", "D: the builder needs `docker/healthy.rs`"),
            ("AS order\n", "AS orders\n", "D: there is no stage `order`"),
            ("[\"/order\"]", "[\"/product\"]", "order does not start `/order`"),
            ("/out/order /order", "/out/product /order", "order does not carry its program"),
            ("\"/health/ready\"", "\"/health/live\"", "product is not asked for /health/ready"),
        ];
        for (from, to, expected) in cases {
            let found = after(from, to);
            assert!(found.iter().any(|finding| finding.contains(expected)), "{from} -> {to}: {found:?}");
        }
    }
}
