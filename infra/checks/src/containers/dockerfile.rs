//! A Dockerfile as its stages: what is read of one, and nothing more.

use std::{borrow::Cow, collections::BTreeMap, iter};

use anyhow::{Context, Result};
use parse_dockerfile::{
    Command, CopyInstruction, Flag, FromInstruction, HealthcheckArguments, Instruction, Source, UnescapedString,
};

/// A Dockerfile.
#[derive(Debug)]
pub struct Dockerfile {
    /// Its path in the repository, for messages.
    pub path: String,
    /// In their order.
    pub stages: Vec<Stage>,
}

/// What begins with a `FROM`.
#[derive(Debug, Default)]
pub struct Stage {
    /// How other stages and `--target` call it.
    pub name: Option<String>,
    /// Its `FROM`.
    pub line: usize,
    /// The image or the stage that it begins with, arguments resolved.
    pub base: String,
    /// `COPY`s.
    pub copies: Vec<Copy>,
    /// Commands of `RUN`s, continued lines joined, and where each stands.
    pub runs: Vec<(usize, String)>,
    /// Lines of `ADD`s.
    pub adds: Vec<usize>,
    /// The last `USER`.
    pub user: Option<String>,
    /// Ports of `EXPOSE`s.
    pub ports: Vec<String>,
    /// Names and values of `ENV`s, as they are written.
    pub environment: Vec<String>,
    /// The last `HEALTHCHECK`.
    pub health: Option<Form>,
    /// The last `ENTRYPOINT`.
    pub entrypoint: Option<Form>,
}

/// A `COPY`.
#[derive(Debug)]
pub struct Copy {
    /// Where it stands.
    pub line: usize,
    /// `--from`: a stage. Without it, from the context.
    pub from: Option<String>,
    /// What is copied.
    pub sources: Vec<String>,
}

/// How a command is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// As a list: no shell takes part.
    Exec(Vec<String>),
    /// As a line for a shell.
    Shell,
}

impl Dockerfile {
    /// Reads one. `path` is for messages.
    pub fn parse(path: &str, text: &str) -> Result<Self> {
        let parsed = parse_dockerfile::parse(text).with_context(|| format!("cannot read {path}"))?;
        let arguments: BTreeMap<_, _> =
            parsed.global_args().filter_map(|arg| arg.arguments.value.split_once('=')).collect();
        let stages = parsed.stages().map(|stage| {
            let mut read = Stage::from(stage.from, text, &arguments);
            stage.instructions.iter().for_each(|instruction| read.take(instruction, text));
            read
        });
        Ok(Self { path: path.to_owned(), stages: stages.collect() })
    }

    /// The stage with this name.
    pub fn stage(&self, name: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.name.as_deref() == Some(name))
    }

    /// What `read` finds in `stage`, or in the stage that it begins with, and so on.
    pub fn inherited<'a, T>(&'a self, stage: &'a Stage, read: impl Fn(&'a Stage) -> Option<T>) -> Option<T> {
        let mut next = Some(stage);
        // No longer than there are stages: one may bear the name of the image that it begins with.
        for _ in 0..=self.stages.len() {
            let stage = next?;
            if let Some(found) = read(stage) {
                return Some(found);
            }
            next = self.stage(&stage.base);
        }
        None
    }

    /// Stages that no other stage begins with or copies from: images, or files for the one who builds.
    pub fn final_stages(&self) -> impl Iterator<Item = &Stage> {
        let used = |name: &str| {
            self.stages
                .iter()
                .any(|stage| stage.base == name || stage.copies.iter().any(|copy| copy.from.as_deref() == Some(name)))
        };
        self.stages.iter().filter(move |stage| !stage.name.as_deref().is_some_and(used))
    }
}

impl Stage {
    fn from(from: &FromInstruction<'_>, text: &str, arguments: &BTreeMap<&str, &str>) -> Self {
        Self {
            name: from.as_.as_ref().map(|(_, name)| name.value.clone().into_owned()),
            line: line(text, from.from.span.start),
            base: resolve(&from.image.value, arguments).into_owned(),
            ..Self::default()
        }
    }

    fn take(&mut self, instruction: &Instruction<'_>, text: &str) {
        match instruction {
            Instruction::Copy(copy) => self.copies.push(Copy::from(copy, text)),
            Instruction::Run(run) => {
                let command = match &run.arguments {
                    Command::Exec(words) => owned(&words.value).join(" "),
                    Command::Shell(command) => command.value.replace("\\\n", " "),
                    _ => String::new(),
                };
                let scripts = run.here_docs.iter().map(|script| script.value.as_ref());
                let whole = iter::once(command.as_str()).chain(scripts).collect::<Vec<_>>().join("\n");
                self.runs.push((line(text, run.run.span.start), whole));
            }
            Instruction::Add(add) => self.adds.push(line(text, add.add.span.start)),
            Instruction::User(user) => self.user = Some(user.arguments.value.clone().into_owned()),
            Instruction::Expose(expose) => self.ports.extend(owned(&expose.arguments)),
            Instruction::Env(env) => self.environment.push(env.arguments.value.clone().into_owned()),
            Instruction::Healthcheck(check) => {
                self.health = match &check.arguments {
                    HealthcheckArguments::Cmd { arguments, .. } => Some(Form::of(arguments)),
                    _ => None,
                }
            }
            Instruction::Entrypoint(entry) => self.entrypoint = Some(Form::of(&entry.arguments)),
            _ => {}
        }
    }
}

impl Copy {
    fn from(copy: &CopyInstruction<'_>, text: &str) -> Self {
        let from = |flag: &&Flag<'_>| flag.name.value == "from";
        let from = copy.options.iter().find(from).and_then(|flag| flag.value.as_ref());
        let sources = copy.src.iter().filter_map(|source| match source {
            Source::Path(path) => Some(path.value.clone().into_owned()),
            _ => None,
        });
        Self {
            line: line(text, copy.copy.span.start),
            from: from.map(|stage| stage.value.clone().into_owned()),
            sources: sources.collect(),
        }
    }
}

impl Form {
    fn of(command: &Command<'_>) -> Self {
        match command {
            Command::Exec(words) => Self::Exec(owned(&words.value)),
            _ => Self::Shell,
        }
    }
}

fn owned(texts: &[UnescapedString<'_>]) -> Vec<String> {
    texts.iter().map(|text| text.value.clone().into_owned()).collect()
}

/// The line of a byte, from 1.
fn line(text: &str, byte: usize) -> usize {
    text[..byte].matches('\n').count() + 1
}

/// An image that is one argument, or has one in it. An argument without a default stays as it is written.
fn resolve<'a>(image: &'a str, arguments: &BTreeMap<&str, &str>) -> Cow<'a, str> {
    let mut resolved = Cow::Borrowed(image);
    for (name, value) in arguments {
        for form in [format!("${{{name}}}"), format!("${name}")] {
            if resolved.contains(&form) {
                resolved = Cow::Owned(resolved.replace(&form, value));
            }
        }
    }
    resolved
}
