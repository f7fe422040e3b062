//! From the start of a function's process to its first question for an event: what Lambda counts as initialisation,
//! but for fetching the code and making the sandbox.

use std::{
    borrow::Cow,
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use stack::{
    process,
    provision::functions::Deployment,
    topology::{Function, Trigger},
};
use tokio::{process::Command, time::timeout};

use super::{
    aws::Recorder,
    report::Spread,
    runtime_api::{Call, RuntimeApi},
};

/// Far longer than any start that is not a failure.
const LIMIT: Duration = Duration::from_secs(20);

/// The starts of one function.
#[derive(Debug)]
pub struct Starts {
    /// Until the function asked for its first event, in milliseconds.
    pub wall: Spread,
    /// The time on a processor, of all threads until then, in milliseconds; where the kernel tells.
    pub cpu: Option<Spread>,
    /// Calls to AWS and the card processor in one start.
    pub calls: usize,
}

/// Starts functions one at a time.
#[derive(Debug)]
pub struct Bench {
    /// What stands for Lambda.
    pub lambda: RuntimeApi,
    /// What stands for AWS.
    pub aws: Recorder,
    /// Where logs go.
    pub folder: PathBuf,
}

impl Bench {
    /// Starts `function` once, has it answer an event, and then starts it `runs` times with a clock.
    pub async fn measure(&mut self, function: &Function, deployment: &Deployment, runs: usize) -> Result<Starts> {
        self.aws.forget();
        self.answers_an_event(function, deployment)
            .await
            .with_context(|| format!("{} does not work", function.name))?;
        let (mut wall, mut cpu, mut calls) = (Vec::new(), Vec::new(), 0);
        for _ in 0..runs {
            self.aws.calls();
            let mut started = self.start(function, deployment).await?;
            wall.push(milliseconds(started.ready_after));
            cpu.extend(started.cpu.map(milliseconds));
            calls = self.aws.calls();
            started.child.kill().await?;
        }
        let wall = Spread::of(wall).context("no runs were asked for")?;
        Ok(Starts { wall, cpu: Spread::of(cpu), calls })
    }

    /// The first start, which nothing is measured of: it brings the program into the page cache, and the answers of AWS
    /// into the recorder. And it shows that what is measured works.
    async fn answers_an_event(&mut self, function: &Function, deployment: &Deployment) -> Result<()> {
        let (event, expected) = event(&function.trigger);
        self.lambda.hand_out(Some(event.to_string()));
        let mut started = self.start(function, deployment).await?;
        let answer = match timeout(LIMIT, self.lambda.calls.recv()).await.context("it does not answer")? {
            Some(Call::Answer(answer)) => serde_json::from_slice::<Value>(&answer)?,
            Some(Call::Error(cause)) => bail!("it failed on its first event: {}", text(&cause)),
            other => bail!("it does not answer its first event: {other:?}"),
        };
        for (name, value) in &expected {
            ensure!(answer.get(name) == Some(value), "expected {name} to be {value} in its answer {answer}");
        }
        // It asks for another event now. Only when that has been seen is the next question that of the next process.
        timeout(LIMIT, self.lambda.calls.recv()).await.context("it asks for no second event")?;
        Ok(started.child.kill().await?)
    }

    async fn start(&mut self, function: &Function, deployment: &Deployment) -> Result<Started> {
        let path = self.folder.join(format!("{}.log", function.binary));
        let log = File::create(&path).with_context(|| format!("cannot write the log {}", path.display()))?;
        let mut command = Command::new(&deployment.binary);
        command
            .env_clear()
            .envs(&deployment.environment)
            .env("AWS_LAMBDA_RUNTIME_API", self.lambda.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", &function.name)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory_mb.to_string())
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", function.name))
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "bench")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        let began = Instant::now();
        let mut child = command.spawn().with_context(|| format!("cannot start {}", deployment.binary.display()))?;
        let call = tokio::select! {
            call = self.lambda.calls.recv() => call,
            status = child.wait() => bail!("{} ended with {}:\n{}", function.name, status?, process::tail(&path)),
            () = tokio::time::sleep(LIMIT) => bail!("{} is not ready after {LIMIT:?}:\n{}", function.name, process::tail(&path)),
        };
        let ready = match call {
            Some(Call::Next(ready)) => ready,
            Some(Call::Error(cause)) => bail!("{} gave up its start: {}", function.name, text(&cause)),
            other => bail!("{} does something unexpected: {other:?}", function.name),
        };
        let cpu = child.id().and_then(cpu_time);
        Ok(Started { child, ready_after: ready - began, cpu })
    }
}

/// A function that waits for an event. Dropping it kills it.
struct Started {
    child: tokio::process::Child,
    ready_after: Duration,
    cpu: Option<Duration>,
}

/// An event that changes nothing, and what its answer must hold.
fn event(trigger: &Trigger) -> (Value, Vec<(&'static str, Value)>) {
    match trigger {
        Trigger::Http => (http_event("/.well-known/openid-configuration"), vec![("statusCode", json!(200))]),
        Trigger::Queue { .. } | Trigger::Stream { .. } => {
            (json!({"Records": []}), vec![("batchItemFailures", json!([]))])
        }
    }
}

/// What API Gateway sends for `GET path`, in the payload format 2.0.
fn http_event(path: &str) -> Value {
    json!({
        "version": "2.0", "routeKey": format!("GET {path}"), "rawPath": path, "rawQueryString": "",
        "headers": {"host": "shop.test", "accept": "application/json"},
        "requestContext": {
            "accountId": "000000000000", "apiId": "shop", "domainName": "shop.test", "domainPrefix": "shop",
            "http": {
                "method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "bench",
            },
            "requestId": "bench", "routeKey": format!("GET {path}"), "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1_767_225_600_000_i64,
        },
        "isBase64Encoded": false,
    })
}

/// How long all threads of a process have run. Threads that have ended are left out; there are none while it starts.
fn cpu_time(pid: u32) -> Option<Duration> {
    let threads = fs::read_dir(Path::new("/proc").join(pid.to_string()).join("task")).ok()?;
    let nanoseconds = threads.flatten().filter_map(|thread| {
        let statistics = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        statistics.split(' ').next()?.parse::<u64>().ok()
    });
    Some(Duration::from_nanos(nanoseconds.sum()))
}

fn text(body: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(body)
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
