//! What must be true of the containers of compose.

use std::{collections::BTreeSet, path::Path};

use super::{
    Dockerfiles,
    compose::{Build, Compose, Dependency, Service},
    dockerfile::{Dockerfile, Stage},
    pins,
};

/// What is not, each with its place. `root` is the folder of the file.
pub fn findings(compose: &Compose, root: &Path, dockerfiles: &Dockerfiles) -> Vec<String> {
    let mut found = Vec::new();
    for (name, service) in &compose.services {
        let mut wrong = |what: String| found.push(format!("{name}: {what}"));
        image(service, dockerfiles).into_iter().for_each(&mut wrong);
        if service.build.is_some() {
            hardening(service).into_iter().for_each(|what| wrong(what.to_owned()));
        }
        for (other, dependency) in &service.depends_on {
            start(compose, dockerfiles, other, dependency).into_iter().for_each(&mut wrong);
        }
        for port in service.ports.iter().filter(|port| !port.starts_with("127.0.0.1:")) {
            wrong(format!("the port `{port}` is open to the network: begin it with 127.0.0.1"));
        }
        for volume in named_volumes(service).filter(|volume| !compose.volumes.contains_key(*volume)) {
            wrong(format!("the volume `{volume}` is not declared"));
        }
        for config in service.configs.iter().filter(|config| !compose.configs.contains_key(*config)) {
            wrong(format!("the config `{config}` is not declared"));
        }
    }
    let used: BTreeSet<_> = compose.services.values().flat_map(named_volumes).collect();
    let idle = compose.volumes.keys().filter(|volume| !used.contains(volume.as_str()));
    found.extend(idle.map(|volume| format!("nobody uses the volume `{volume}`")));
    let lost = compose.configs.iter().filter(|(_, config)| !root.join(&config.file).is_file());
    found.extend(lost.map(|(name, config)| format!("the config `{name}` is `{}`, which is not there", config.file)));
    found
}

/// The stage that a service of ours runs.
pub fn stage<'a>(service: &Service, dockerfiles: &'a Dockerfiles) -> Option<(&'a Dockerfile, &'a Stage)> {
    let Build { dockerfile, target } = service.build.as_ref()?;
    let file = dockerfiles.get(dockerfile)?;
    let stage = match target {
        Some(target) => file.stage(target),
        None => file.stages.last(),
    };
    stage.map(|stage| (file, stage))
}

fn image(service: &Service, dockerfiles: &Dockerfiles) -> Option<String> {
    match (&service.build, &service.image) {
        (Some(build), _) => stage(service, dockerfiles).is_none().then(|| {
            let target = build.target.as_deref().map_or(String::new(), |target| format!(" with a stage `{target}`"));
            format!("there is no {}{target}", build.dockerfile)
        }),
        (None, Some(image)) => pins::finding(image),
        (None, None) => Some("has neither an image nor a build".to_owned()),
    }
}

/// A program of ours writes to volumes only, and needs no power over its host.
fn hardening(service: &Service) -> Vec<&'static str> {
    let rules = [
        (service.read_only, "its root is not read_only"),
        (service.cap_drop == ["ALL"], "cap_drop is not [ALL]"),
        (service.security_opt.iter().any(|option| option == "no-new-privileges:true"), "no-new-privileges is not set"),
    ];
    rules.into_iter().filter(|(holds, _)| !holds).map(|(_, what)| what).collect()
}

/// A start waits for what it needs to be well, or done: that it was begun says nothing.
fn start(compose: &Compose, dockerfiles: &Dockerfiles, other: &str, dependency: &Dependency) -> Option<String> {
    let Some(needed) = compose.services.get(other) else { return Some(format!("needs `{other}`, which is not there")) };
    let health = || {
        let of_image =
            || stage(needed, dockerfiles).and_then(|(file, stage)| file.inherited(stage, |s| s.health.as_ref()));
        needed.healthcheck.is_some() || of_image().is_some()
    };
    match dependency.condition.as_str() {
        "service_completed_successfully" => None,
        "service_healthy" if health() => None,
        "service_healthy" => Some(format!("waits for the health of `{other}`, which has no health check")),
        other_condition => Some(format!("waits for {other_condition} of `{other}`: that says nothing")),
    }
}

/// `name:/path`, not `./folder:/path`.
fn named_volumes(service: &Service) -> impl Iterator<Item = &str> {
    let sources = service.volumes.iter().filter_map(|volume| volume.split_once(':').map(|(source, _)| source));
    sources.filter(|source| !source.starts_with(['.', '/', '~']))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "
services:
  web:
    build: { context: ., dockerfile: Dockerfile, target: web }
    read_only: true
    cap_drop: [ALL]
    security_opt: ['no-new-privileges:true']
    ports: ['127.0.0.1:80:80']
    volumes: ['data:/data']
    configs: [cargo]
    depends_on:
      store: { condition: service_healthy }
  store:
    image: store:1.2.3
    healthcheck: { test: [CMD, x] }
volumes: { data: }
configs: { cargo: { file: Cargo.toml } }
";

    /// What is found when `from` is replaced.
    fn after(from: &str, to: &str) -> Vec<String> {
        assert!(GOOD.contains(from), "{from}");
        let compose = Compose::parse(&GOOD.replacen(from, to, 1)).unwrap();
        let file = Dockerfile::parse("Dockerfile", "FROM x:1.2.3 AS web\n").unwrap();
        let dockerfiles = [("Dockerfile".to_owned(), file)].into();
        // This crate's own folder has a Cargo.toml.
        findings(&compose, Path::new(env!("CARGO_MANIFEST_DIR")), &dockerfiles)
    }

    #[test]
    fn a_good_file_has_no_findings() {
        assert_eq!(after("web", "web"), Vec::<String>::new());
    }

    #[test]
    fn each_rule_is_broken_once() {
        let cases = [
            ("target: web", "target: wob", "web: there is no Dockerfile with a stage `wob`"),
            ("store:1.2.3", "store:latest", "store: `store:latest` has no version"),
            ("    image: store:1.2.3\n", "", "store: has neither an image nor a build"),
            ("read_only: true", "read_only: false", "web: its root is not read_only"),
            ("[ALL]", "[NET_RAW]", "web: cap_drop is not [ALL]"),
            ("['no-new-privileges:true']", "[]", "web: no-new-privileges is not set"),
            ("127.0.0.1:80:80", "80:80", "web: the port `80:80` is open to the network: begin it with 127.0.0.1"),
            ("{ data: }", "{ data: , other: }", "nobody uses the volume `other`"),
            ("'data:/data'", "'data:/data', 'other:/x'", "web: the volume `other` is not declared"),
            ("[cargo]", "[cargo, other]", "web: the config `other` is not declared"),
            ("Cargo.toml", "Cargo.yml", "the config `cargo` is `Cargo.yml`, which is not there"),
            ("store: { condition", "stor: { condition", "web: needs `stor`, which is not there"),
            (
                "    healthcheck: { test: [CMD, x] }\n",
                "",
                "web: waits for the health of `store`, which has no health check",
            ),
            ("service_healthy", "service_started", "web: waits for service_started of `store`: that says nothing"),
        ];
        for (from, to, expected) in cases {
            assert_eq!(after(from, to), [expected], "{from} -> {to}");
        }
    }
}
