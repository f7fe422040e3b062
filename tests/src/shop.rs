//! A whole shop, started by `cargo shop up`.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use aws_config::SdkConfig;
use contracts::Sku;
use serde_json::Value;
use stack::{
    api::{Client, Processor},
    emulator,
    testing::eventually,
};

use crate::{Shopper, Staff};

/// Limit for `cargo shop up`, including a build.
const START_LIMIT: Duration = Duration::from_secs(900);

/// Status file in the data folder.
const RECORD: &str = "stack.json";

/// A running shop. It ends with the test process, also after a crash: the tool watches the pipe that is its stdin.
#[derive(Debug)]
pub struct Shop {
    /// URL of the public API.
    pub public_api: String,
    /// URL of the emulated AWS.
    pub aws: String,
    /// URL of the card processor simulator.
    pub psp: String,
    folder: PathBuf,
    _tool: Child,
}

impl Shop {
    /// Starts a shop with the catalogue of the tests on a free port, in a fresh folder `name`.
    ///
    /// `settings` are overrides such as `order.PAYMENT_DEADLINE_SECONDS=5`.
    pub async fn start(name: &str, settings: &[&str]) -> Self {
        let settings: Vec<&str> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
        Self::up(name, &settings).await
    }

    /// Starts a shop with Terraform, which must be installed, and with IAM enforced.
    pub async fn start_deployed(name: &str) -> Self {
        Self::up(name, &["--terraform"]).await
    }

    async fn up(name: &str, arguments: &[&str]) -> Self {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let folder = workspace.join("target/shop").join(name);
        // An earlier run's would be taken for this one's.
        let _ = std::fs::remove_file(folder.join(RECORD));
        let mut tool = Command::new(env!("CARGO"))
            .current_dir(&workspace)
            .args(["run", "--quiet", "--bin", "shop", "--", "up", "--fresh", "--exit-with-stdin"])
            .args([
                "--catalogue",
                "tests/catalogue.json",
                "--port",
                &emulator::free_port().expect("a free port").to_string(),
            ])
            .arg("--data")
            .arg(&folder)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("cargo runs");
        let record = eventually("the shop is ready", START_LIMIT, async || {
            if let Some(status) = tool.try_wait().expect("the tool can be asked") {
                panic!("`cargo shop up` ended: {status}");
            }
            record(&folder).filter(|record| record["pid"].is_u64() && record["ready_at"].is_string())
        })
        .await;
        let url = |name: &str| record["urls"][name].as_str().expect("a URL").to_owned();
        Self { public_api: url("public_api"), aws: url("aws"), psp: url("processor"), folder, _tool: tool }
    }

    /// An anonymous client. Each test needs its own, because connections end with the runtime that opened them.
    pub fn anonymous(&self) -> Client {
        Client::new(&self.public_api).expect("a client")
    }

    /// The control API of the card processor simulator.
    pub fn processor(&self) -> Processor {
        Processor::new(&self.psp).expect("a client")
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Configuration of AWS clients with all permissions.
    pub fn aws_config(&self) -> SdkConfig {
        emulator::sdk_config(&self.aws)
    }

    /// A new customer, signed in.
    pub async fn shopper(&self) -> Shopper {
        Shopper::sign_up(&self.anonymous()).await
    }

    /// The staff account, signed in.
    pub async fn staff(&self) -> Staff {
        let account = &self.record()["accounts"]["staff"];
        let (email, password) =
            (account["email"].as_str().expect("an address"), account["password"].as_str().expect("a password"));
        Staff(Shopper::sign_in(&self.anonymous(), email, password).await)
    }

    /// A SKU of the test catalogue, with exactly `available` pieces of it, none reserved and none sold.
    pub async fn stocked(&self, staff: &Staff, sku: &str, available: i64) -> Sku {
        let sku: Sku = sku.parse().expect("a SKU");
        let stock = staff.stock(&sku).await;
        assert_eq!((stock.reserved, stock.sold), (0, 0), "{sku} is another test's");
        if stock.available != available {
            staff.adjust(&sku, available - stock.available).await;
        }
        sku
    }

    /// The status file.
    pub fn record(&self) -> Value {
        record(&self.folder).expect("a record of the running shop")
    }

    /// Sends SIGKILL to a service.
    pub fn kill(&self, part: &str) {
        signal("KILL", self.pid(part));
    }

    /// Stops a part of the stack, with all processes that it started, and lets it go on after `duration`. Meanwhile its
    /// connections stay open and nothing answers.
    pub async fn freeze(&self, part: &str, duration: Duration) {
        let mut frozen = vec![self.pid(part)];
        signal("STOP", frozen[0]);
        for index in 0.. {
            let Some(parent) = frozen.get(index).copied() else { break };
            let children: Vec<_> = processes().filter(|pid| parent_of(*pid) == Some(parent)).collect();
            children.iter().for_each(|pid| signal("STOP", *pid));
            frozen.extend(children);
        }
        tokio::time::sleep(duration).await;
        frozen.iter().rev().for_each(|pid| signal("CONT", *pid));
    }

    /// The environment variables of a running service.
    pub fn environment(&self, part: &str) -> Vec<(String, String)> {
        let environment = environment(self.pid(part)).expect("the environment of a process");
        let variables = environment.split('\0').filter_map(|variable| variable.split_once('='));
        variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn pid(&self, part: &str) -> u64 {
        self.record()["parts"][part]["pid"].as_u64().expect("a process of the stack")
    }

    /// Sends SIGKILL to every process of a function, and returns their number. Their environment names the function and
    /// the emulator's port.
    pub fn kill_function(&self, name: &str) -> usize {
        let wanted = format!("AWS_LAMBDA_FUNCTION_NAME={name}");
        let emulator = self.aws.rsplit(':').next().expect("a port").to_owned();
        let pids: Vec<u64> = processes()
            .filter(|pid| environment(*pid).is_some_and(|e| e.contains(&wanted) && e.contains(&emulator)))
            .collect();
        pids.iter().for_each(|pid| signal("KILL", *pid));
        pids.len()
    }
}

fn record(folder: &Path) -> Option<Value> {
    serde_json::from_str(&std::fs::read_to_string(folder.join(RECORD)).ok()?).ok()
}

fn signal(name: &str, pid: u64) {
    let status = Command::new("kill").args(["-s", name, &pid.to_string()]).status().expect("kill runs");
    assert!(status.success(), "process {pid} does not take the signal {name}");
}

/// The parent of a process: the second field after its name, which is in parentheses.
fn parent_of(pid: u64) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

fn processes() -> impl Iterator<Item = u64> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn environment(pid: u64) -> Option<String> {
    Some(String::from_utf8_lossy(&std::fs::read(format!("/proc/{pid}/environ")).ok()?).into_owned())
}
