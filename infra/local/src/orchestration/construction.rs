//! A stack under construction: its stores run, its front door is known. What is left is the same however it is made.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use aws_config::SdkConfig;
use stack::{process::Program, python::Python};

use super::{
    Account, Board, Folder, Options, accounts, build::Binaries, progress::Progress, ready, replica, run::Running,
    service::Service, settings::Environment,
};

/// How long the shop may take to answer through the front door, once its programs run.
const READY_LIMIT: Duration = Duration::from_secs(60);

/// All that steps need of each other.
pub struct Construction<'a> {
    /// Where it keeps what it has.
    pub folder: &'a Folder,
    /// What was started so far.
    pub running: &'a Running,
    /// What a person sees meanwhile.
    pub progress: Progress,
    /// What is started.
    pub binaries: Binaries,
    /// What children are started with.
    pub python: Python,
    /// The record of this run.
    pub board: Board,
    /// The emulated AWS, as the account's root.
    pub aws: SdkConfig,
    /// The shop's HTTP API.
    pub front_door: String,
}

impl Construction<'_> {
    /// Starts a program of ours that is kept running.
    pub async fn start(
        &self,
        name: &'static str,
        environment: Environment,
        port: u16,
        health: &'static str,
    ) -> Result<()> {
        let service = Service {
            name,
            program: self.binaries.path(name)?.clone(),
            environment,
            port,
            health,
            log: self.folder.log(name),
            python: self.python.clone(),
            board: self.board.clone(),
        };
        let child = self.progress.step(format!("{name} on port {port}"), service.start()).await?;
        self.running.keep(service, child);
        Ok(())
    }

    /// Runs an operator's command of a program to its end.
    pub async fn operate(&self, program: &'static str, arguments: &[&str], environment: Environment) -> Result<()> {
        let mut command = Program::new(program, self.binaries.path(program)?, self.folder.log("operator"));
        for argument in arguments {
            command = command.arg(*argument);
        }
        let child = command.envs(environment).spawn(&self.python).await?;
        match child.exited().await {
            0 => Ok(()),
            code => bail!(
                "`{program} {}` ended with code {code}. The end of its log:\n\n{}",
                arguments.join(" "),
                child.log_tail()
            ),
        }
    }

    /// product, with its tables and the catalogue.
    pub async fn start_product(&self, environment: Environment, port: u16, options: &Options) -> Result<()> {
        let migrate = self.operate("product", &["migrate"], environment.clone());
        self.progress.step("tables of product's database", migrate).await?;
        let file = options.catalogue.to_string_lossy();
        let arguments = ["import", &file];
        let import = self.operate("product", &arguments, environment.clone());
        self.progress.step("catalogue", import).await?;
        self.start("product", environment, port, "/health/ready").await
    }

    /// order.
    pub async fn start_order(&self, environment: Environment, port: u16) -> Result<()> {
        self.start("order", environment, port, "/health/ready").await
    }

    /// The card processor's simulator.
    pub async fn start_processor(&self, environment: Environment, port: u16) -> Result<()> {
        self.start("psp-simulator", environment, port, "/_simulator/health").await
    }

    /// The last steps, when all programs run: the front door leads to every service, the local accounts sign in, and
    /// order knows the catalogue. `user` is what user runs with, `inbox` where order receives from.
    pub async fn finish(&self, user: Environment, inbox: &str, options: &Options) -> Result<()> {
        let answers = ready::front_door(&self.front_door, READY_LIMIT);
        self.progress.step("the shop answers at its front door", answers).await?;
        self.progress.step("local accounts", self.ensure_accounts(user)).await?;
        let sqs = aws_sdk_sqs::Client::new(&self.aws);
        let accounts = self.board.read().accounts;
        let staff = accounts.get("staff").context("there is no account `staff`")?;
        let filled = replica::filled(&self.front_door, staff, &options.catalogue, &sqs, inbox);
        self.progress.step("order knows the catalogue", filled).await
    }

    /// Makes the local accounts, or finds that those of the last run still sign in.
    async fn ensure_accounts(&self, user: Environment) -> Result<()> {
        let known = self.board.read().accounts;
        let grant = async |account: &Account| {
            let scopes = account.scopes.join(",");
            let arguments = ["grant", "--email", &account.email, "--scopes", &scopes];
            self.operate("user", &arguments, user.clone()).await
        };
        let accounts = accounts::ensure_accounts(&self.front_door, &known, grant).await?;
        self.board.update(|record| record.accounts = accounts)
    }
}
