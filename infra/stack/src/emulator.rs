//! The emulated AWS: MiniStack, every service on one port.

use std::{
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context, bail};
use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use serde::Deserialize;
use tokio::time::Instant;

use crate::{
    process::{Child, Program},
    python::Python,
};

/// The Region that everything local is in.
pub const REGION: &str = "us-east-1";

/// MiniStack with its patches.
const PROGRAM: &str = concat!(include_str!("emulator/iam.py"), include_str!("emulator/ministack.py"));

/// Both halves of the only credentials there are: those of the account's root.
const CREDENTIAL: &str = "test";

/// Longer than the slowest start that was seen, on a busy machine with a lot of state to load.
const START_LIMIT: Duration = Duration::from_secs(90);

/// Limit for its shutdown, during which it saves its state: 6 s for ten thousand products.
const SAVE_LIMIT: Duration = Duration::from_secs(60);

/// Settings of an emulator.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The port; a free one if there is none.
    pub port: Option<u16>,
    /// The folder for all that it writes. Made if it is not there.
    pub data_dir: PathBuf,
    /// The file for its log, in a folder that exists.
    pub log: PathBuf,
    /// If false, the data folder is removed at the end. Otherwise the state is kept: it is written at a regular stop,
    /// also when our process was killed, but not when the emulator itself was.
    pub keep: bool,
    /// If true, each call needs permission of the role that makes it (`AUTH=true`). The credentials of
    /// [`sdk_config`] are those of the account's root, which may do everything.
    pub iam: bool,
}

/// A running emulator. It ends when this is dropped, or our process ends.
#[derive(Debug)]
pub struct Emulator {
    child: Child,
    port: u16,
}

impl Emulator {
    /// Starts one and waits until it answers.
    pub async fn start(python: &Python, settings: Settings) -> anyhow::Result<Self> {
        let port = match settings.port {
            Some(port) => port,
            None => free_port()?,
        };
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err() {
            bail!("port {port} is taken by another process: the emulated AWS needs it");
        }
        let temporary = settings.data_dir.join("tmp");
        std::fs::create_dir_all(&temporary)
            .with_context(|| format!("cannot make the folder {}", temporary.display()))?;
        let keep = if settings.keep { "1" } else { "0" };
        let mut program = Program::new("MiniStack", python.path(), settings.log)
            .args(["-I", "-u", "-c", PROGRAM])
            .env("GATEWAY_PORT", port.to_string())
            .env("BIND_HOST", Ipv4Addr::LOCALHOST.to_string())
            .env("LOG_LEVEL", "INFO")
            .env("AUTH", settings.iam.to_string())
            // Code of functions and other scratch files; two emulators must not share them.
            .env("TMPDIR", &temporary)
            .env("PERSIST_STATE", keep)
            .env("STATE_DIR", settings.data_dir.join("state"))
            .env("S3_PERSIST", keep)
            .env("S3_DATA_DIR", settings.data_dir.join("s3"))
            // A request that API Gateway passes to the load balancer takes a thread in each: with fewer threads than
            // two per concurrent request, all threads wait for a second one: a deadlock.
            .env("MINISTACK_WORKER_THREADS", "1024")
            // Listeners on fixed ports, of services that the shop does not use.
            .env("IOT_MTLS_ENABLED", "0")
            .env("SFTP_ENABLED", "0")
            // No looking for containers of earlier runs: nothing here runs in one.
            .env("DOCKER_HOST", "unix:///nonexistent")
            .env("MINISTACK_REGION", REGION)
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", CREDENTIAL)
            .env("AWS_SECRET_ACCESS_KEY", CREDENTIAL);
        if settings.iam {
            // For its functions: their settings are those of AWS, and name no endpoint.
            program = program.env("AWS_ENDPOINT_URL", endpoint(port));
        }
        program = if settings.keep { program.grace(SAVE_LIMIT) } else { program.scratch(settings.data_dir) };
        let emulator = Self { child: program.spawn(python).await?, port };
        emulator.ready().await?;
        Ok(emulator)
    }

    async fn ready(&self) -> anyhow::Result<()> {
        let health = format!("{}/_ministack/health", self.endpoint());
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build()?;
        let limit = Instant::now() + START_LIMIT;
        loop {
            if client.get(&health).send().await.is_ok_and(|response| response.status().is_success()) {
                return Ok(());
            }
            if !self.child.is_running() {
                bail!("MiniStack ended while it started:\n{}", self.child.log_tail());
            }
            if Instant::now() > limit {
                bail!("MiniStack is not ready after {START_LIMIT:?}:\n{}", self.child.log_tail());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The URL of every AWS service.
    pub fn endpoint(&self) -> String {
        endpoint(self.port)
    }

    /// The port it listens on, at 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process.
    pub fn process(&self) -> &Child {
        &self.child
    }

    /// Ends it, with its functions' processes, and lets it write its state.
    pub async fn stop(&self) {
        self.child.stop(SAVE_LIMIT).await;
    }
}

/// The URL of every AWS service of the emulator on `port`.
pub fn endpoint(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// Configuration of AWS clients of the emulator at `endpoint`. Each runtime needs its own, because connections end with it.
pub fn sdk_config(endpoint: &str) -> SdkConfig {
    sdk_config_with(endpoint, Credentials::new(CREDENTIAL, CREDENTIAL, None, None, "local stack"))
}

/// The same for a program that has the role `role`, where calls need permission. Fails if neither ECS nor Lambda may have
/// that role.
pub async fn sdk_config_as(endpoint: &str, role: &str) -> anyhow::Result<SdkConfig> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let answer = client.get(role_url(endpoint, role)).send().await?.error_for_status();
    let role: Role = answer.with_context(|| format!("no credentials of the role {role}"))?.json().await?;
    let Role { access_key_id, secret_access_key, token } = role;
    Ok(sdk_config_with(endpoint, Credentials::new(access_key_id, secret_access_key, Some(token), None, "role")))
}

/// URL of the credentials of a role: the value of `AWS_CONTAINER_CREDENTIALS_FULL_URI`.
pub fn role_url(endpoint: &str, role: &str) -> String {
    format!("{endpoint}/v2/credentials/{role}")
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Role {
    access_key_id: String,
    secret_access_key: String,
    token: String,
}

fn sdk_config_with(endpoint: &str, credentials: Credentials) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(30))
        .operation_timeout(Duration::from_secs(60))
        .build();
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::from_static(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::standard())
        .timeout_config(timeouts)
        .build()
}

/// The environment that makes a program's AWS clients talk to the emulator at `endpoint`.
pub fn environment(endpoint: &str) -> [(&'static str, String); 4] {
    [
        ("AWS_ENDPOINT_URL", endpoint.to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_ACCESS_KEY_ID", CREDENTIAL.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", CREDENTIAL.to_owned()),
    ]
}

/// The header `authorization` of a call of the account's root. The emulator accepts root without a signature.
pub fn root_authorization(service: &str) -> String {
    let scope = format!("{CREDENTIAL}/20260101/{REGION}/{service}/aws4_request");
    format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none")
}

/// A TCP port that was free a moment ago, below the range from which operating systems take the ports of outgoing
/// connections: none of those takes it before its server does.
pub fn free_port() -> anyhow::Result<u16> {
    const FIRST: u16 = 12_000;
    const COUNT: u16 = 18_000;
    let start = (uuid::Uuid::new_v4().as_u128() % u128::from(COUNT)) as u16;
    let mut ports = (0..COUNT).map(|step| FIRST + (start + step) % COUNT);
    ports.find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()).context("no TCP port is free")
}
