//! `cargo measure startup`

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};
use stack::{
    emulator::{self, Emulator},
    postgres::{self, Postgres},
    provision::{functions::Deployment, keys, mail, messaging, secrets, tables},
    python::{self, Python},
    topology::{Function, Topology},
};

use super::{
    aws::Recorder,
    functions, memory,
    report::{Report, Spread, Unit, machine},
    runtime_api::RuntimeApi,
    sizes,
};
use stack::{
    build::{Binaries, build_deployed},
    ports::Ports,
    settings::{Addresses, FunctionSettings, MAIL_ADDRESS, PROCESSOR_KEY, Settings},
};

/// The bars: start in milliseconds, the others in megabytes.
const START: f64 = 30.0;
const ZIP: f64 = 6.0;
const IMAGE: f64 = 25.0;
const IDLE_MEMORY: f64 = 20.0;

/// Measures what is deployed, and says whether it is within its bars.
pub async fn startup(runs: usize, programs: Option<&Path>) -> Result<ExitCode> {
    let binaries = match programs {
        Some(folder) => Binaries::of_folder(folder),
        None => build_deployed().await?,
    };
    let target = python::target_dir()?;
    let folder = target.join("shop/bench");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let python = Python::ensure(&target).await?;
    let topology = Topology::load()?;

    println!("`cargo measure startup --runs {runs}` on {}", machine());
    match programs {
        Some(folder) => println!("Programs of {}. The median counts.", folder.display()),
        None => println!("Programs as docker/Dockerfile builds them, for this machine. The median counts."),
    }
    let mut report = Report::default();
    figures_of_sizes(&mut report, &topology, &binaries, &folder).await?;
    let site = Site::start(&python, &topology, &folder).await?;
    site.figures_of_starts(&mut report, &binaries, runs).await?;
    site.figures_of_memory(&mut report, &binaries).await?;
    site.emulator.stop().await;
    Ok(report.end())
}

/// P2.
async fn figures_of_sizes(report: &mut Report, topology: &Topology, binaries: &Binaries, folder: &Path) -> Result<()> {
    report.heading("P2: zips of functions", "deflate 9; MB are 1,000,000 bytes");
    for name in programs(topology).keys() {
        let program = binaries.path(name)?;
        let remark = format!("{:.1} MB unpacked", megabytes(length(program)?));
        report.figure(name, single(megabytes(sizes::function(program).await?)), ZIP, Unit::Megabytes, &remark);
    }
    let base = megabytes(sizes::BASE_IMAGE);
    let health = sizes::health_check(folder).await?;
    let note = format!(
        "our layers as gzip makes them, and {base:.1} MB for the base image, which was not pulled: it is computed from\n\
         the packages that it is made of"
    );
    report.heading("P2: compressed images of services", &note);
    for service in &topology.services {
        let layer = sizes::layer(binaries.path(&service.name)?).await?;
        let ours = megabytes(layer + health);
        report.figure(&service.name, single(base + ours), IMAGE, Unit::Megabytes, &format!("{ours:.1} MB are ours"));
    }
    Ok(())
}

/// An emulated AWS with what the programs look for while they start.
struct Site<'a> {
    python: &'a Python,
    topology: &'a Topology,
    folder: &'a Path,
    emulator: Emulator,
    messaging: messaging::Messaging,
    signing_key: String,
    processor_key_arn: String,
}

impl<'a> Site<'a> {
    async fn start(python: &'a Python, topology: &'a Topology, folder: &'a Path) -> Result<Self> {
        let settings = emulator::Settings {
            port: None,
            data_dir: folder.join("ministack"),
            log: folder.join("ministack.log"),
            keep: false,
            iam: false,
        };
        let emulator = Emulator::start(python, settings).await?;
        let aws = emulator::sdk_config(&emulator.endpoint());
        let (messaging, signing_key, processor_key_arn, _, ()) = tokio::try_join!(
            messaging::provision(&aws, topology),
            keys::signing_key(&aws),
            secrets::secret(&aws, secrets::PROCESSOR_KEY, PROCESSOR_KEY),
            tables::provision(&aws, topology),
            mail::sender(&aws, MAIL_ADDRESS),
        )?;
        Ok(Self { python, topology, folder, emulator, messaging, signing_key, processor_key_arn })
    }

    /// P1.
    async fn figures_of_starts(&self, report: &mut Report, binaries: &Binaries, runs: usize) -> Result<()> {
        let lambda = RuntimeApi::start().await?;
        let aws = Recorder::start(self.emulator.endpoint()).await?;
        // Nothing reads the processor's answer to the connection that payment opens ahead of time.
        let processor = aws.endpoint.clone();
        let settings = self.settings(aws.endpoint.clone(), processor);
        let deployments = settings.deployments(self.topology, |name| binaries.path(name).cloned())?;

        let note = format!(
            "from the process's start to its first question for an event, {runs} starts one after the other; one before\n\
             them brought the program into the page cache, answered an event, and is not counted. Calls to AWS in the\n\
             start are answered at once, without TLS: on AWS they take the network's time, and that of fetching code"
        );
        report.heading("P1: start to ready for the first event", &note);
        let mut bench = functions::Bench { lambda, aws, folder: self.folder.to_owned() };
        for (name, function) in programs(self.topology) {
            let deployment: &Deployment = deployments.get(&function.name).context("every function is deployed")?;
            let starts = bench.measure(function, deployment, runs).await?;
            let cpu = starts.cpu.map_or_else(String::new, |cpu| format!("{:.1} ms of CPU, ", cpu.median));
            let remark = format!("{cpu}calls: {}", starts.calls);
            report.figure(name, starts.wall, START, Unit::Milliseconds, &remark);
        }
        Ok(())
    }

    /// P3, as far as it is about idle services.
    async fn figures_of_memory(&self, report: &mut Report, binaries: &Binaries) -> Result<()> {
        let postgres = postgres::Settings {
            port: None,
            data_dir: self.folder.join("postgres"),
            log: self.folder.join("postgres.log"),
            keep: false,
        };
        let postgres = Postgres::start(self.python, postgres).await?;
        let functions = self.settings(self.emulator.endpoint(), self.emulator.endpoint());
        let ports = Ports::choose(emulator::free_port()?)?;
        let database = postgres.create_database("product").await?;
        let settings = Settings { ports, functions, database, journal: PathBuf::new() };

        report.heading("P3: resident memory of idle services", "ten seconds after the service is ready");
        let bench = memory::Bench { python: self.python, folder: self.folder.to_owned() };
        let product = binaries.path("product")?;
        bench.operate("product", product.clone(), "migrate", settings.product()?).await?;
        let services = [("product", settings.product()?, ports.product), ("order", settings.order()?, ports.order)];
        for (name, environment, port) in services {
            let memory = bench.idle(name, binaries.path(name)?.clone(), environment, port).await?;
            report.figure(name, single(megabytes(memory as usize)), IDLE_MEMORY, Unit::Megabytes, "");
        }
        postgres.stop().await;
        Ok(())
    }

    fn settings(&self, aws: String, processor: String) -> FunctionSettings<'static> {
        let front_door = "http://localhost/shop".to_owned();
        FunctionSettings {
            addresses: Addresses { aws, storefront: front_door.clone(), front_door, processor },
            messaging: self.messaging.clone(),
            signing_key: self.signing_key.clone(),
            processor_key_arn: self.processor_key_arn.clone(),
            overrides: &[],
        }
    }
}

/// The programs of functions, each with the first function that runs it.
fn programs(topology: &Topology) -> BTreeMap<&str, &Function> {
    let functions = topology.functions.iter().rev();
    functions.map(|function| (function.binary.as_str(), function)).collect()
}

fn length(program: &Path) -> Result<usize> {
    let metadata = fs::metadata(program).with_context(|| format!("cannot read {}", program.display()))?;
    Ok(usize::try_from(metadata.len())?)
}

fn single(value: f64) -> Spread {
    Spread { median: value, min: value, max: value }
}

#[expect(clippy::cast_precision_loss, reason = "sizes of programs are far below 2^52 bytes")]
fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1_000_000.0
}
