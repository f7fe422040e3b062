//! What must be true of every Dockerfile by itself.

use std::path::Path;

use super::{
    dockerfile::{Dockerfile, Form, Stage},
    ignore::Ignore,
    pins,
};

/// What is not, each with its place. `root` is the folder that images are built in.
pub fn findings(file: &Dockerfile, root: &Path, ignore: &Ignore) -> Vec<String> {
    let mut found = Vec::new();
    for (index, stage) in file.stages.iter().enumerate() {
        let mut at = |line: usize, what: String| found.push(format!("{}:{line}: {what}", file.path));
        if stage.base != "scratch" && file.stage(&stage.base).is_none() {
            pins::finding(&stage.base).into_iter().for_each(|finding| at(stage.line, finding));
        }
        for copy in &stage.copies {
            match &copy.from {
                // Only what is above can be copied from.
                Some(from) if !file.stages[..index].iter().any(|stage| stage.name.as_ref() == Some(from)) => {
                    at(copy.line, format!("there is no stage `{from}` above"));
                }
                Some(_) => {}
                None => copy
                    .sources
                    .iter()
                    .filter_map(|source| missing(source, root, ignore))
                    .for_each(|f| at(copy.line, f)),
            }
        }
        for line in &stage.adds {
            at(
                *line,
                "ADD fetches and unpacks what nobody has checked: COPY, or a RUN that compares a hash".to_owned(),
            );
        }
        for (line, run) in &stage.runs {
            unpinned_tools(run).into_iter().for_each(|finding| at(*line, finding));
        }
    }
    for stage in file.final_stages().filter(|stage| stage.base != "scratch") {
        let of_image = image_findings(file, stage);
        let name = stage.name.as_deref().unwrap_or("the image");
        found.extend(of_image.into_iter().map(|finding| format!("{}:{}: {name} {finding}", file.path, stage.line)));
    }
    found
}

/// What is wrong with what a `COPY` takes from the context.
fn missing(source: &str, root: &Path, ignore: &Ignore) -> Option<String> {
    if source.contains(['*', '?', '[', '$']) {
        return Some(format!("`{source}` could be anything: name what is copied"));
    }
    if !root.join(source).exists() {
        return Some(format!("there is no `{source}`"));
    }
    ignore.shuts_out(source).then(|| format!("`.dockerignore` shuts `{source}` out"))
}

/// What is installed without saying which.
fn unpinned_tools(run: &str) -> Vec<String> {
    let mut found = Vec::new();
    for command in run.split([';', '\n', '&', '|']).map(str::trim) {
        let has =
            |flag: &str| command.split_whitespace().any(|word| word == flag || word.starts_with(&format!("{flag}=")));
        if command.starts_with("cargo install") && !(has("--locked") && has("--version")) {
            found.push("`cargo install` needs `--locked` and `--version`".to_owned());
        }
        if command.starts_with("pip install") && !has("--require-hashes") {
            found.push("`pip install` needs `--require-hashes`".to_owned());
        }
    }
    found
}

/// What is wrong with an image that somebody runs.
fn image_findings(file: &Dockerfile, stage: &Stage) -> Vec<String> {
    let mut found = Vec::new();
    let user = file.inherited(stage, |stage| stage.user.as_deref());
    let number = |id: &str| id.parse::<u32>().is_ok_and(|id| id > 0);
    match user {
        None => found.push("runs as whoever its base says: USER is missing".to_owned()),
        Some(user) if user.split(':').all(number) => {}
        // Kubernetes and ECS can only tell from a number that it is not root.
        Some(user) => found.push(format!("runs as `{user}`: give the numbers of nobody's account")),
    }
    let serves = file.inherited(stage, |stage| stage.ports.first()).is_some();
    match file.inherited(stage, |stage| stage.health.as_ref()) {
        None if serves => found.push("listens, but has no HEALTHCHECK".to_owned()),
        Some(Form::Shell) => found.push("has a HEALTHCHECK for a shell: write it as a list".to_owned()),
        _ => {}
    }
    match file.inherited(stage, |stage| stage.entrypoint.as_ref()) {
        None => found.push("has no ENTRYPOINT".to_owned()),
        Some(Form::Shell) => found.push("has an ENTRYPOINT for a shell, which keeps signals to itself".to_owned()),
        Some(Form::Exec(_)) => {}
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
ARG RUST=rust:1.95.0-slim
FROM ${RUST} AS build
RUN cargo install x --locked --version 1.2.3
COPY Cargo.toml src ./
FROM build
COPY --from=build /out/x /x
USER 65532:65532
EXPOSE 80
HEALTHCHECK CMD [\"/x\"]
ENTRYPOINT [\"/x\"]
";

    /// What is found when `from` is replaced.
    fn after(from: &str, to: &str) -> Vec<String> {
        assert!(GOOD.contains(from), "{from}");
        let file = Dockerfile::parse("Dockerfile", &GOOD.replace(from, to)).unwrap();
        // This crate's own folder has a Cargo.toml, a src, and no x.
        findings(&file, Path::new(env!("CARGO_MANIFEST_DIR")), &Ignore::parse("tests"))
    }

    #[test]
    fn a_good_file_has_no_findings() {
        assert_eq!(after("ARG", "ARG"), Vec::<String>::new());
    }

    #[test]
    fn each_rule_is_broken_once() {
        let cases = [
            ("1.95.0-slim", "latest", "Dockerfile:2: `rust:latest` has no version"),
            ("ARG RUST=rust:1.95.0-slim", "ARG RUST", "Dockerfile:2: `${RUST}` has an argument without a default"),
            ("--from=build", "--from=bild", "Dockerfile:6: there is no stage `bild` above"),
            ("Cargo.toml src", "Cargo.toml x", "Dockerfile:4: there is no `x`"),
            ("Cargo.toml src", "Cargo.toml tests", "Dockerfile:4: `.dockerignore` shuts `tests` out"),
            ("Cargo.toml src", "*.toml", "Dockerfile:4: `*.toml` could be anything: name what is copied"),
            ("--locked ", "", "Dockerfile:3: `cargo install` needs `--locked` and `--version`"),
            ("cargo install x", "pip install x", "Dockerfile:3: `pip install` needs `--require-hashes`"),
            ("USER 65532:65532\n", "", "Dockerfile:5: the image runs as whoever its base says: USER is missing"),
            ("65532:65532", "nobody", "Dockerfile:5: the image runs as `nobody`: give the numbers of nobody's account"),
            ("65532:65532", "0", "Dockerfile:5: the image runs as `0`: give the numbers of nobody's account"),
            ("HEALTHCHECK CMD [\"/x\"]\n", "", "Dockerfile:5: the image listens, but has no HEALTHCHECK"),
            ("CMD [\"/x\"]", "CMD /x", "Dockerfile:5: the image has a HEALTHCHECK for a shell: write it as a list"),
            ("ENTRYPOINT [\"/x\"]\n", "", "Dockerfile:5: the image has no ENTRYPOINT"),
        ];
        for (from, to, expected) in cases {
            assert_eq!(after(from, to), [expected], "{from} -> {to}");
        }
        assert_eq!(after("COPY Cargo.toml src", "ADD x").len(), 1);
        assert_eq!(after("ENTRYPOINT [\"/x\"]", "ENTRYPOINT /x").len(), 1);
    }
}
