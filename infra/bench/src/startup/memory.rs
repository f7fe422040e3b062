//! The resident memory of services that have nothing to do.

use std::{fs, path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail};
use stack::{
    process::{Child, Program},
    python::Python,
};

use stack::{ready::answers, settings::Environment};

/// How long a service may take until it is ready.
const READY_LIMIT: Duration = Duration::from_secs(30);

/// How long it is left alone before its memory is read: some rounds of its loops and sweeps.
const IDLE: Duration = Duration::from_secs(10);

/// Services without work.
#[derive(Debug)]
pub struct Bench<'a> {
    /// Holds the launcher of programs.
    pub python: &'a Python,
    /// Where logs go.
    pub folder: PathBuf,
}

impl Bench<'_> {
    /// Starts the service at `program` on `port`, and reads its resident memory, in bytes, after a while.
    pub async fn idle(&self, name: &str, program: PathBuf, environment: Environment, port: u16) -> Result<u64> {
        let service = self.program(name, program).envs(environment).spawn(self.python).await?;
        let ready = answers(&format!("http://127.0.0.1:{port}/health/ready"), READY_LIMIT).await;
        ready.with_context(|| format!("{name} is not ready:\n{}", service.log_tail()))?;
        tokio::time::sleep(IDLE).await;
        let memory = resident(&service).with_context(|| format!("the memory of {name} cannot be read"));
        service.stop(Duration::from_secs(10)).await;
        memory
    }

    /// Runs an operator's command of the program at `program` to its end.
    pub async fn operate(&self, name: &str, program: PathBuf, command: &str, environment: Environment) -> Result<()> {
        let child = self.program(name, program).arg(command).envs(environment).spawn(self.python).await?;
        match child.exited().await {
            0 => Ok(()),
            code => bail!("`{name} {command}` ended with code {code}:\n{}", child.log_tail()),
        }
    }

    fn program(&self, name: &str, program: PathBuf) -> Program {
        Program::new(name, program, self.folder.join(format!("{name}.log")))
    }
}

/// In bytes, with what is shared with the page cache: the pages of the program that were used.
fn resident(service: &Child) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", service.pid()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("the kernel tells no VmRSS")?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes * 1024)
}
