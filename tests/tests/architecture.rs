//! The rules that the design states as absences, checked on the dependency graph.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use serde_json::Value;

/// Every package in the folder `services`.
fn services() -> Vec<String> {
    let folders = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../services")).expect("the folder exists");
    let names = folders.map(|folder| folder.expect("a folder").file_name().into_string().expect("a plain name"));
    names.collect()
}

fn cargo(arguments: &[&str]) -> String {
    let workspace = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(workspace).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo writes UTF-8")
}

fn metadata() -> Value {
    serde_json::from_str(&cargo(&["metadata", "--format-version=1"])).expect("cargo writes JSON")
}

/// The dependencies of each workspace member on other members, with their kinds: `normal`, `dev` or `build`.
fn own_dependencies(metadata: &Value) -> BTreeMap<&str, BTreeSet<(&str, &str)>> {
    let packages = || metadata["packages"].as_array().unwrap().iter().filter(|package| package["source"].is_null());
    let ours: BTreeSet<&str> = packages().map(|package| package["name"].as_str().unwrap()).collect();
    packages()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().unwrap().iter();
            let dependencies =
                dependencies.map(|d| (d["name"].as_str().unwrap(), d["kind"].as_str().unwrap_or("normal")));
            (package["name"].as_str().unwrap(), dependencies.filter(|(name, _)| ours.contains(name)).collect())
        })
        .collect()
}

#[test]
fn a_service_depends_on_nothing_of_ours_but_contracts() {
    let metadata = metadata();
    let dependencies = own_dependencies(&metadata);
    for service in services() {
        for (dependency, kind) in &dependencies[service.as_str()] {
            let allowed = matches!((*dependency, *kind), ("contracts", _) | ("stack", "dev"));
            assert!(allowed, "{service} depends on {dependency} ({kind})");
        }
    }
}

#[test]
fn contracts_depends_on_nothing_of_ours() {
    let metadata = metadata();
    let others: Vec<_> =
        own_dependencies(&metadata)["contracts"].iter().filter(|(name, _)| *name != "contracts").copied().collect();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn contracts_does_no_io() {
    let metadata = metadata();
    let contracts = metadata["packages"].as_array().unwrap().iter().find(|p| p["name"] == "contracts").unwrap();
    let forbidden = ["reqwest", "hyper", "sqlx", "aws-config", "tracing-subscriber"];
    for dependency in contracts["dependencies"].as_array().unwrap().iter().filter(|d| d["kind"].is_null()) {
        let name = dependency["name"].as_str().unwrap();
        assert!(!forbidden.contains(&name) && !name.starts_with("aws-sdk"), "contracts depends on {name}");
    }
}

/// Name and version of every crate that is built for any target: the lock file also names some that never are.
fn built() -> BTreeSet<(String, String)> {
    let lines = cargo(&["tree", "--workspace", "--target=all", "--prefix=none", "--format={p}"]);
    let packages = lines.lines().filter_map(|line| line.split_once(' '));
    packages.map(|(name, rest)| (name.to_owned(), rest.split(' ').next().unwrap_or_default().to_owned())).collect()
}

#[test]
fn the_http_and_tls_stack_exists_once() {
    let built = built();
    for name in ["http", "hyper", "rustls", "axum", "tower", "aws-lc-rs"] {
        let versions: Vec<_> = built.iter().filter(|package| package.0 == name).collect();
        assert_eq!(versions.len(), 1, "{versions:?}");
    }
}

#[test]
fn no_second_cryptography_is_built() {
    for (name, version) in built() {
        assert!(!["openssl", "openssl-sys", "native-tls", "rsa", "ring"].contains(&name.as_str()), "{name} {version}");
    }
}
