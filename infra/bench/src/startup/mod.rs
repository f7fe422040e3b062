//! `cargo measure startup`: start times, sizes and memory of a release build, each with its bar.
//!
//! - `aws`: AWS without the emulator's latency; `runtime_api`: the Lambda service
//! - `functions`: starts of functions; `sizes`; `report`

mod aws;
mod functions;
mod report;
mod runtime_api;
mod sizes;

use std::{collections::BTreeMap, fs, path::Path, process::ExitCode, time::Duration};

use anyhow::{Context, Result, ensure};
use stack::{
    build::{Binaries, build_deployed},
    emulator::{self, Emulator},
    local_env::{Addresses, MAIL_ADDRESS, PROCESSOR_KEY, Values},
    postgres::{self, Postgres},
    process::Program,
    provision::{keys, mail, messaging, secrets, tables},
    python::{self, Python},
    ready::answers,
    topology::{Function, Topology},
};

use self::{
    aws::Recorder,
    report::{Report, Spread, machine},
    runtime_api::RuntimeApi,
};

/// Bars: the start in milliseconds, the others in megabytes.
const START: f64 = 30.0;
const ZIP: f64 = 6.0;
const IMAGE: f64 = 25.0;
const IDLE_MEMORY: f64 = 20.0;

/// Time in which a service must become ready.
const READY_LIMIT: Duration = Duration::from_secs(30);

/// Time after which the memory of an idle service is read: several rounds of its loops and sweeps.
const IDLE: Duration = Duration::from_secs(10);

/// Measures the programs in `programs`, or a new build, and compares the figures with their bars.
pub async fn startup(runs: usize, programs: Option<&Path>) -> Result<ExitCode> {
    let topology = Topology::load()?;
    let binaries = match programs {
        Some(folder) => Binaries::of_folder(folder, &topology),
        None => build_deployed(&topology).await?,
    };
    let target = python::target_dir()?;
    let folder = target.join("shop/bench");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let python = Python::ensure(&target).await?;

    println!("`cargo measure startup --runs {runs}` on {}. The median counts.", machine());
    let mut report = Report::default();
    measure_sizes(&mut report, &topology, &binaries, &folder).await?;
    let bench = Bench::start(&python, &topology, &binaries, &folder).await?;
    bench.measure_starts(&mut report, runs).await?;
    bench.measure_memory(&mut report).await?;
    bench.emulator.stop().await;
    Ok(report.end())
}

async fn measure_sizes(report: &mut Report, topology: &Topology, binaries: &Binaries, folder: &Path) -> Result<()> {
    report.heading("Zips of functions", "deflate 9; MB are 1,000,000 bytes");
    for name in programs(topology).keys() {
        let size = sizes::compressed(binaries.path(name)?, "-9").await?;
        report.figure(name, Spread::megabytes(size), ZIP, "MB", "");
    }
    let health = sizes::health_check(folder).await?;
    report.heading("Compressed images of services", "with the base image, whose size is computed from its packages");
    for service in &topology.services {
        let own = sizes::compressed(binaries.path(&service.name)?, "-6").await? + health;
        let remark = format!("{own} bytes are our layers");
        report.figure(&service.name, Spread::megabytes(sizes::BASE_IMAGE + own), IMAGE, "MB", &remark);
    }
    Ok(())
}

/// An emulated AWS with everything that the programs need to start.
struct Bench<'a> {
    python: &'a Python,
    topology: &'a Topology,
    binaries: &'a Binaries,
    folder: &'a Path,
    emulator: Emulator,
    messaging: messaging::Messaging,
    signing_key: String,
    processor_key_arn: String,
}

impl<'a> Bench<'a> {
    async fn start(
        python: &'a Python,
        topology: &'a Topology,
        binaries: &'a Binaries,
        folder: &'a Path,
    ) -> Result<Self> {
        let (data_dir, log) = (folder.join("ministack"), folder.join("ministack.log"));
        let settings = emulator::Settings { port: None, data_dir, log, keep: false, iam: false };
        let emulator = Emulator::start(python, settings).await?;
        let aws = emulator::sdk_config(&emulator.endpoint());
        let (messaging, signing_key, processor_key_arn, _, ()) = tokio::try_join!(
            messaging::provision(&aws, topology),
            keys::signing_key(&aws),
            secrets::secret(&aws, secrets::PROCESSOR_KEY, PROCESSOR_KEY),
            tables::provision(&aws, topology),
            mail::sender(&aws, MAIL_ADDRESS),
        )?;
        Ok(Self { python, topology, binaries, folder, emulator, messaging, signing_key, processor_key_arn })
    }

    async fn measure_starts(&self, report: &mut Report, runs: usize) -> Result<()> {
        let aws = Recorder::start(self.emulator.endpoint()).await?;
        let values = self.values(&aws.endpoint)?;
        let deployments = values.deployments(self.topology, |name| self.binaries.path(name).cloned())?;
        let note = format!(
            "from the start of the process to its first request for an event; {runs} starts, one after the other. A \
            start\n\
             before them loads the program into the page cache. Calls to AWS are answered at once, without TLS: on \
             AWS they\n\
             take the network's time, and fetching the code takes time as well"
        );
        report.heading("Start to ready for the first event", &note);
        let lambda = RuntimeApi::start().await?;
        let mut bench = functions::Bench { lambda, aws, folder: self.folder.to_owned() };
        for (name, function) in programs(self.topology) {
            let deployment = deployments.get(&function.name).context("a function is not deployed")?;
            let starts = bench.measure(function, deployment, runs).await?;
            let cpu = starts.cpu.map_or_else(String::new, |cpu| format!("{:.1} ms of CPU, ", cpu.median));
            report.figure(name, starts.wall, START, "ms", &format!("{cpu}calls: {}", starts.calls));
        }
        Ok(())
    }

    async fn measure_memory(&self, report: &mut Report) -> Result<()> {
        let (data_dir, log) = (self.folder.join("postgres"), self.folder.join("postgres.log"));
        let settings = postgres::Settings { port: None, data_dir, log, keep: false };
        let postgres = Postgres::start(self.python, settings).await?;
        let values = self.values(&self.emulator.endpoint())?;
        report.heading("Resident memory of idle services", "ten seconds after the service is ready");
        for service in &self.topology.services {
            let name = &service.name;
            let address = format!("127.0.0.1:{}", emulator::free_port()?);
            let database = postgres.create_database(name).await?;
            let environment = values.with("listen_addr", &address).with("database_url", database).environment(name)?;
            let log = self.folder.join(format!("{name}.log"));
            let binary = self.binaries.path(name)?.clone();
            let program = || Program::new(name, binary.clone(), log.clone()).envs(environment.clone());
            if name == "product" {
                let migration = program().arg("migrate").spawn(self.python).await?;
                let code = migration.exited().await;
                ensure!(code == 0, "`product migrate` ended with code {code}:\n{}", migration.log_tail());
            }
            let process = program().spawn(self.python).await?;
            let ready = answers(&format!("http://{address}{}", service.health_check), READY_LIMIT).await;
            ready.with_context(|| format!("{name} is not ready:\n{}", process.log_tail()))?;
            tokio::time::sleep(IDLE).await;
            let memory = resident(process.pid()).with_context(|| format!("cannot read the memory of {name}"))?;
            report.figure(name, Spread::megabytes(memory), IDLE_MEMORY, "MB", "");
            process.stop().await;
        }
        postgres.stop().await;
        Ok(())
    }

    /// Settings with AWS at `aws`, which also stands for the card processor: no program reads its response at the
    /// start.
    fn values(&self, aws: &str) -> Result<Values> {
        let public_api = "http://localhost/shop".to_owned();
        let addresses =
            Addresses { aws: aws.to_owned(), storefront: public_api.clone(), public_api, processor: aws.to_owned() };
        let (key, secret) = (self.signing_key.clone(), self.processor_key_arn.clone());
        Values::new(self.topology, &addresses, &self.messaging, key, secret, Vec::new())
    }
}

/// Programs of functions, each with the first function that runs it.
fn programs(topology: &Topology) -> BTreeMap<&str, &Function> {
    let functions = topology.functions.iter().rev();
    functions.map(|function| (function.binary.as_str(), function)).collect()
}

/// Resident memory in bytes, with the pages of the program that it shares with the page cache.
fn resident(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("the kernel reports no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}
