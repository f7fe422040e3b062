//! `cargo measure startup`: start times, sizes and memory of a release build, each with its bar.

mod stand_in;

use std::{
    collections::BTreeSet,
    fs::{self, File},
    path::Path,
    process::{ExitCode, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use stack::{
    build::{Binaries, build_deployed},
    emulator,
    local_env::{Addresses, Environment, MAIL_ADDRESS, PROCESSOR_KEY, Values},
    process::tail,
    provision::{functions::Deployment, keys, mail, messaging, secrets, tables},
    ready::answers,
    testing,
    topology::{Function, Service, Topology},
};
use tokio::process::{Child, Command};

use self::stand_in::StandIn;
use crate::table::table;

/// A measured quantity with its bar.
type Quantity = (&'static str, f64);

const START: Quantity = ("start to ready for an event, ms", 30.0);
const ZIP: Quantity = ("zip, MB", 6.0);
const IMAGE: Quantity = ("compressed image, MB", 25.0);
const MEMORY: Quantity = ("resident memory, idle, MB", 20.0);

/// Compressed megabytes of an image without its program: of the base image `gcr.io/distroless/cc-debian13` and of the
/// health check.
///
/// The base image is the sum of its packages (`static/static.bzl`, `base/config.bzl` and `cc/config.bzl` of
/// GoogleContainerTools/distroless), each as `dpkg-deb --fsys-tarfile … | gzip -6 | wc -c`, in Debian 13 for amd64 of
/// November 2026. The image omits some files of the packages, so it is rather smaller.
const REST_OF_IMAGE: f64 = 10.44 + 0.15;

/// Time in which a program must become ready: longer than any start that succeeds.
const READY_LIMIT: Duration = Duration::from_secs(30);

/// Time after which the memory of an idle service is read: several rounds of its loops and sweeps.
const IDLE: Duration = Duration::from_secs(10);

/// Programs, quantities and measurements.
type Figures = Vec<(String, Quantity, Vec<f64>)>;

/// Measures the programs in `programs`, or a new build, and compares the figures with their bars.
pub async fn startup(runs: usize, programs: Option<&Path>) -> Result<ExitCode> {
    let topology = Topology::load()?;
    let binaries = match programs {
        Some(folder) => Binaries::of_folder(folder, &topology),
        None => build_deployed(&topology).await?,
    };
    let mut figures = functions(&topology, &binaries, runs).await?;
    figures.extend(services(&topology, &binaries).await?);
    Ok(print(figures))
}

/// Prints the table. The median counts.
fn print(figures: Figures) -> ExitCode {
    let (mut rows, mut missed) = (Vec::new(), 0);
    for (program, (name, bar), mut measured) in figures {
        measured.sort_by(f64::total_cmp);
        let (Some(min), Some(max)) = (measured.first(), measured.last()) else { continue };
        let median = f64::midpoint(measured[(measured.len() - 1) / 2], measured[measured.len() / 2]);
        missed += usize::from(median > bar);
        let verdict = if median > bar { "MISSED" } else { "met" };
        let mut row = vec![program, name.to_owned(), verdict.to_owned()];
        row.extend([bar, median, *min, *max].map(|figure| format!("{figure:.1}")));
        rows.push(row);
    }
    println!("{}", table(3, &["Program", "Quantity", "Bar is", "Bar", "Median", "Min", "Max"], &rows));
    println!("{missed} bars are missed.");
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Sizes and starts of the programs of functions.
async fn functions(topology: &Topology, binaries: &Binaries, runs: usize) -> Result<Figures> {
    let mut stand_in = StandIn::start(testing::aws().await.endpoint()).await?;
    let values = provision(topology, &format!("http://{}", stand_in.address)).await?;
    let deployments = values.deployments(topology, |name| binaries.path(name).cloned())?;
    let (mut figures, mut seen) = (Figures::new(), BTreeSet::new());
    for function in &topology.functions {
        // Several functions run the same program.
        if !seen.insert(&function.binary) {
            continue;
        }
        eprintln!("starting {} {runs} times", function.binary);
        let deployment = deployments.get(&function.name).context("a function is not deployed")?;
        figures.push((function.binary.clone(), ZIP, vec![compressed(&deployment.binary, "-9").await?]));
        // This start loads the program into the page cache, and the responses of AWS into the stand-in.
        start(&mut stand_in, function, deployment).await?;
        let mut measured = Vec::new();
        for _ in 0..runs {
            measured.push(start(&mut stand_in, function, deployment).await?);
        }
        figures.push((function.binary.clone(), START, measured));
    }
    Ok(figures)
}

/// Starts a function, and ends it as soon as it requests an event. Returns the milliseconds between, which Lambda
/// counts as initialization, without fetching the code and creating the sandbox.
async fn start(stand_in: &mut StandIn, function: &Function, deployment: &Deployment) -> Result<f64> {
    let mut environment = deployment.environment.clone();
    let lambda = [
        ("AWS_LAMBDA_RUNTIME_API", stand_in.address.to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", function.name.clone()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory_mb.to_string()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
    ];
    environment.extend(lambda.map(|(name, value)| (name.to_owned(), value)));
    let log = testing::folder(&function.name).await.join("log");
    let began = Instant::now();
    let mut child = spawn(&deployment.binary, &[], &environment, &log)?;
    let ready = tokio::select! {
        ready = stand_in.ready.recv() => ready.context("the stand-in has ended")?,
        status = child.wait() => bail!("{} ended with {}:\n{}", function.name, status?, tail(&log)),
        () = tokio::time::sleep(READY_LIMIT) => bail!("{} is not ready:\n{}", function.name, tail(&log)),
    };
    child.kill().await?;
    Ok((ready - began).as_secs_f64() * 1000.0)
}

/// Sizes of the images of services, and memory of idle ones.
async fn services(topology: &Topology, binaries: &Binaries) -> Result<Figures> {
    let values = provision(topology, testing::aws().await.endpoint()).await?;
    let mut figures = Figures::new();
    for Service { name, health_check } in &topology.services {
        eprintln!("leaving {name} idle for {} s", IDLE.as_secs());
        let binary = binaries.path(name)?;
        figures.push((name.clone(), IMAGE, vec![REST_OF_IMAGE + compressed(binary, "-6").await?]));
        let address = format!("127.0.0.1:{}", emulator::free_port()?);
        let values = values.with("listen_addr", &address).with("database_url", testing::database().await);
        let environment = values.environment(name)?;
        let log = testing::folder(name).await.join("log");
        if name == "product" {
            let migration = spawn(binary, &["migrate"], &environment, &log)?.wait().await?;
            ensure!(migration.success(), "`product migrate` ended with {migration}:\n{}", tail(&log));
        }
        let mut child = spawn(binary, &[], &environment, &log)?;
        let ready = answers(&format!("http://{address}{health_check}"), READY_LIMIT).await;
        ready.with_context(|| format!("{name} is not ready:\n{}", tail(&log)))?;
        tokio::time::sleep(IDLE).await;
        let memory = resident(&child).with_context(|| format!("cannot read the memory of {name}"))?;
        figures.push((name.clone(), MEMORY, vec![memory]));
        child.kill().await?;
    }
    Ok(figures)
}

/// Creates everything that the programs need to start, and returns settings with AWS at `aws`. It also stands for the
/// card processor: no program reads its response at the start.
pub(crate) async fn provision(topology: &Topology, aws: &str) -> Result<Values> {
    let sdk_config = testing::aws().await.sdk_config();
    let (messaging, signing_key, processor_key_arn, _, ()) = tokio::try_join!(
        messaging::provision(&sdk_config, topology),
        keys::signing_key(&sdk_config),
        secrets::secret(&sdk_config, secrets::PROCESSOR_KEY, PROCESSOR_KEY),
        tables::provision(&sdk_config, topology),
        mail::sender(&sdk_config, MAIL_ADDRESS),
    )?;
    let public_api = "http://localhost/shop".to_owned();
    let addresses =
        Addresses { aws: aws.to_owned(), storefront: public_api.clone(), public_api, processor: aws.to_owned() };
    Values::new(topology, &addresses, &messaging, signing_key, processor_key_arn, Vec::new())
}

pub(crate) fn spawn(program: &Path, arguments: &[&str], environment: &Environment, log: &Path) -> Result<Child> {
    let log = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(environment).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    command.spawn().with_context(|| format!("cannot start {}", program.display()))
}

/// Megabytes of a program after gzip. The frame of a zip or a layer adds a few hundred bytes.
async fn compressed(program: &Path, level: &str) -> Result<f64> {
    let gzip = Command::new("gzip").args([level, "-c"]).arg(program).output().await.context("cannot start gzip")?;
    ensure!(gzip.status.success(), "gzip {}: {}", program.display(), String::from_utf8_lossy(&gzip.stderr));
    Ok(f64::from(u32::try_from(gzip.stdout.len())?) / 1e6)
}

/// Resident memory in megabytes, with the pages of the program that it shares with the page cache.
fn resident(process: &Child) -> Result<f64> {
    let pid = process.id().context("it has ended")?;
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("the kernel reports no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? * 1024.0 / 1e6)
}
