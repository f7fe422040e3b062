//! Start of a function: from the start of its process to its first request for an event, which Lambda counts as
//! initialization, without fetching the code and creating the sandbox.

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

/// Longer than any start that succeeds.
const LIMIT: Duration = Duration::from_secs(20);

/// Measured starts of one function.
#[derive(Debug)]
pub struct Starts {
    /// Milliseconds until the function requested its first event.
    pub wall: Spread,
    /// Milliseconds of CPU time of all threads until then, if the kernel reports it.
    pub cpu: Option<Spread>,
    /// Number of calls to AWS and the card processor in one start.
    pub calls: usize,
}

/// Starts functions one at a time.
#[derive(Debug)]
pub struct Bench {
    pub lambda: RuntimeApi,
    pub aws: Recorder,
    /// Folder of the logs.
    pub folder: PathBuf,
}

impl Bench {
    /// Starts `function` once and has it handle an event, then measures `runs` starts.
    pub async fn measure(&mut self, function: &Function, deployment: &Deployment, runs: usize) -> Result<Starts> {
        self.aws.forget();
        self.handle_event(function, deployment).await.with_context(|| format!("{} does not work", function.name))?;
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

    /// First start, which is not measured: it loads the program into the page cache and the responses of AWS into the
    /// recorder, and proves that the function works.
    async fn handle_event(&mut self, function: &Function, deployment: &Deployment) -> Result<()> {
        let (event, expected) = event(&function.trigger);
        self.lambda.hand_out(Some(event.to_string()));
        let mut started = self.start(function, deployment).await?;
        let answer = match timeout(LIMIT, self.lambda.calls.recv()).await.context("no response to its first event")? {
            Some(Call::Answer(answer)) => serde_json::from_slice::<Value>(&answer)?,
            Some(Call::Error(cause)) => bail!("its first event failed: {}", text(&cause)),
            other => bail!("unexpected response to its first event: {other:?}"),
        };
        for (name, value) in &expected {
            ensure!(answer.get(name) == Some(value), "expected {name} to be {value} in its response {answer}");
        }
        // The request for another event must be received here, or it would count for the next process.
        timeout(LIMIT, self.lambda.calls.recv()).await.context("no request for a second event")?;
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
            () = tokio::time::sleep(LIMIT) => bail!("{} is not ready:\n{}", function.name, process::tail(&path)),
        };
        let ready = match call {
            Some(Call::Next(ready)) => ready,
            Some(Call::Error(cause)) => bail!("{} failed to start: {}", function.name, text(&cause)),
            other => bail!("unexpected call of {}: {other:?}", function.name),
        };
        let cpu = child.id().and_then(cpu_time);
        Ok(Started { child, ready_after: ready - began, cpu })
    }
}

/// Function process that waits for an event. Dropping it kills it.
struct Started {
    child: tokio::process::Child,
    ready_after: Duration,
    cpu: Option<Duration>,
}

/// Event without effect, and required fields of its response.
fn event(trigger: &Trigger) -> (Value, Vec<(&'static str, Value)>) {
    match trigger {
        Trigger::Http => (http_event("/.well-known/openid-configuration"), vec![("statusCode", json!(200))]),
        Trigger::Queue { .. } | Trigger::Stream { .. } => {
            (json!({"Records": []}), vec![("batchItemFailures", json!([]))])
        }
    }
}

/// Event of API Gateway for `GET path`, in payload format 2.0.
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

/// CPU time of all threads of a process. Ended threads are not counted; there are none during the start.
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
