//! The emulated AWS: MiniStack, every service on one port.

use std::{
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context, ensure};
use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use serde::Deserialize;

use crate::{
    process::{Child, Program},
    python::Python,
    ready,
};

/// The Region of all local resources.
pub const REGION: &str = "us-east-1";

/// MiniStack with its patches.
const PROGRAM: &str = concat!(include_str!("emulator/iam.py"), include_str!("emulator/ministack.py"));

/// Access key id and secret access key of the account's root.
const CREDENTIAL: &str = "test";

/// Limit for a start, during which it loads its state.
const START_LIMIT: Duration = Duration::from_secs(90);

/// Limit for a shutdown, during which it saves its state: 6 s for ten thousand products.
const SAVE_LIMIT: Duration = Duration::from_secs(60);

/// Settings of an emulator.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The port. Default: a free port.
    pub port: Option<u16>,
    /// Data folder, which is created if it does not exist.
    pub data_dir: PathBuf,
    /// Log file, in an existing folder.
    pub log: PathBuf,
    /// If false, the data folder is removed at the end. Otherwise the emulator saves its state every ten seconds, and
    /// when it stops, even if this process was killed.
    pub keep: bool,
    /// If true, IAM policies are enforced (`AUTH=true`). The credentials of [`sdk_config`] are those of the account's
    /// root, who may make every call.
    pub iam: bool,
}

/// A running emulator. Dropping it stops the emulator.
#[derive(Debug)]
pub struct Emulator {
    child: Child,
    port: u16,
}

impl Emulator {
    /// Starts an emulator and waits until it responds.
    pub async fn start(python: &Python, settings: Settings) -> anyhow::Result<Self> {
        let port = claim_port(settings.port)?;
        let temporary = settings.data_dir.join("tmp");
        std::fs::create_dir_all(&temporary).with_context(|| format!("cannot create {}", temporary.display()))?;
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
            // A request through API Gateway to the load balancer occupies two threads. With fewer threads than that,
            // concurrent requests end in a deadlock.
            .env("MINISTACK_WORKER_THREADS", "1024")
            // Services that the shop does not use, which listen on fixed ports.
            .env("IOT_MTLS_ENABLED", "0")
            .env("SFTP_ENABLED", "0")
            // Functions run as processes. Without this, it looks for containers of earlier runs.
            .env("DOCKER_HOST", "unix:///nonexistent")
            .env("MINISTACK_REGION", REGION)
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", CREDENTIAL)
            .env("AWS_SECRET_ACCESS_KEY", CREDENTIAL);
        if settings.iam {
            // For functions: with IAM, they have the settings of AWS, which contain no endpoint.
            program = program.env("AWS_ENDPOINT_URL", endpoint(port));
        }
        program = if settings.keep { program.grace(SAVE_LIMIT) } else { program.scratch(settings.data_dir) };
        let emulator = Self { child: program.spawn(python).await?, port };
        let health = format!("{}/_ministack/health", emulator.endpoint());
        emulator.child.ready(ready::answers(&health, START_LIMIT)).await?;
        Ok(emulator)
    }

    /// The URL of every AWS service.
    pub fn endpoint(&self) -> String {
        endpoint(self.port)
    }

    /// Port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process.
    pub fn process(&self) -> &Child {
        &self.child
    }

    /// Stops the emulator and the processes of its functions, and waits until it has saved its state.
    pub async fn stop(&self) {
        self.child.stop().await;
    }
}

/// The URL of every AWS service of the emulator on `port`.
pub fn endpoint(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// Configuration of AWS clients of the emulator at `endpoint`. Each runtime needs its own, because connections end with
/// it.
pub fn sdk_config(endpoint: &str) -> SdkConfig {
    sdk_config_with(endpoint, Credentials::new(CREDENTIAL, CREDENTIAL, None, None, "local stack"))
}

/// The same with the credentials of the role `role`. Fails if neither ECS nor Lambda may assume the role.
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

/// Environment variables that point a program's AWS clients at the emulator at `endpoint`.
pub fn environment(endpoint: &str) -> [(&'static str, String); 4] {
    [
        ("AWS_ENDPOINT_URL", endpoint.to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_ACCESS_KEY_ID", CREDENTIAL.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", CREDENTIAL.to_owned()),
    ]
}

/// The header `authorization` of a call of the account's root, which the emulator accepts without a signature.
pub fn root_authorization(service: &str) -> String {
    let scope = format!("{CREDENTIAL}/20260101/{REGION}/{service}/aws4_request");
    format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none")
}

/// The port `wanted`, which must be free, or any free port.
pub(crate) fn claim_port(wanted: Option<u16>) -> anyhow::Result<u16> {
    let Some(port) = wanted else { return free_port() };
    ensure!(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok(), "port {port} is taken by another process");
    Ok(port)
}

/// A free TCP port, below the ports of outgoing connections, which could take it before its server listens.
pub fn free_port() -> anyhow::Result<u16> {
    const FIRST: u16 = 12_000;
    const COUNT: u16 = 18_000;
    let start = (uuid::Uuid::new_v4().as_u128() % u128::from(COUNT)) as u16;
    let mut ports = (0..COUNT).map(|step| FIRST + (start + step) % COUNT);
    ports.find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()).context("no TCP port is free")
}
