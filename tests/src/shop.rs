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
    processes::{self, Frozen},
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
        processes::kill(&[self.pid(part)]).expect("the process is killed");
    }

    /// Stops a part of the stack, with all processes that it started, and lets it go on after `duration`. Meanwhile its
    /// connections stay open and nothing answers.
    pub async fn freeze(&self, part: &str, duration: Duration) {
        let _frozen = Frozen::with_descendants(self.pid(part)).expect("the processes are stopped");
        tokio::time::sleep(duration).await;
    }

    /// The environment variables of a running service.
    pub fn environment(&self, part: &str) -> Vec<(String, String)> {
        let environment = processes::environment(self.pid(part)).expect("the environment of a process");
        let variables = environment.split('\0').filter_map(|variable| variable.split_once('='));
        variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn pid(&self, part: &str) -> u32 {
        let pid = self.record()["parts"][part]["pid"].as_u64().expect("a process of the stack");
        pid.try_into().expect("a process id")
    }

    /// Sends SIGKILL to every process of a function, and returns their number.
    pub fn kill_function(&self, name: &str) -> usize {
        let pids = processes::of_function(name, &self.aws);
        processes::kill(&pids).expect("the processes are killed");
        pids.len()
    }
}

fn record(folder: &Path) -> Option<Value> {
    serde_json::from_str(&std::fs::read_to_string(folder.join(RECORD)).ok()?).ok()
}
