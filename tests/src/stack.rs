//! A whole shop of a test's own, started as a developer starts it.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use aws_config::SdkConfig;
use contracts::Sku;
use reqwest::Client;
use serde_json::Value;
use stack::{emulator, testing::eventually};

use crate::{Shopper, Staff};

/// How long `cargo shop up` may take, with a build of what is not built yet.
const START_LIMIT: Duration = Duration::from_secs(900);

/// Where the tool tells about a running shop, in its folder.
const RECORD: &str = "stack.json";

/// A running shop. It ends with the test process, however that ends: the tool watches the pipe that is its stdin.
#[derive(Debug)]
pub struct Shop {
    /// What customers reach.
    pub front_door: String,
    /// The emulated AWS.
    pub aws: String,
    /// The card processor.
    pub psp: String,
    folder: PathBuf,
    _tool: Child,
}

impl Shop {
    /// Starts a shop with the catalogue of the tests on a free port, in a fresh folder called `name`.
    ///
    /// `settings` override a binary's, as in `order.PAYMENT_DEADLINE_SECONDS=5`.
    pub async fn start(name: &str, settings: &[&str]) -> Self {
        let settings: Vec<&str> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
        Self::up(name, &settings).await
    }

    /// The same as Terraform makes it, which has to be installed, with IAM enforced.
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
        Self { front_door: url("front_door"), aws: url("aws"), psp: url("processor"), folder, _tool: tool }
    }

    /// For requests of nobody in particular. A new one each time: each test has a runtime of its own, and a client's
    /// connections end with the runtime that made them.
    pub fn client(&self) -> Client {
        Client::builder().timeout(Duration::from_secs(30)).build().expect("a client")
    }

    /// Where the shop keeps what it has.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// AWS as its administrator sees it.
    pub fn aws_config(&self) -> SdkConfig {
        emulator::sdk_config(&self.aws)
    }

    /// Somebody new, signed in.
    pub async fn shopper(&self) -> Shopper {
        Shopper::sign_up(&self.client(), &self.front_door).await
    }

    /// The shop keeper, signed in.
    pub async fn staff(&self) -> Staff {
        let account = &self.record()["accounts"]["staff"];
        let (email, password) =
            (account["email"].as_str().expect("an address"), account["password"].as_str().expect("a password"));
        Staff(Shopper::sign_in(&self.client(), &self.front_door, email, password).await)
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

    /// What the tool tells about the running shop.
    pub fn record(&self) -> Value {
        record(&self.folder).expect("a record of the running shop")
    }

    /// `kill -9`: no goodbye, no clean-up.
    pub fn kill(&self, part: &str) {
        let pid = self.record()["parts"][part]["pid"].as_u64().expect("a process of the stack");
        kill(pid);
    }

    /// `kill -9` of every process that runs the Lambda's program; how many there were.
    ///
    /// The emulator keeps its functions' processes to itself: they are its descendants whose program is `bootstrap`
    /// and whose environment names the function.
    pub fn kill_function(&self, name: &str) -> usize {
        let wanted = format!("AWS_LAMBDA_FUNCTION_NAME={name}");
        let emulator = self.aws.rsplit(':').next().expect("a port").to_owned();
        let pids: Vec<u64> = processes()
            .filter(|pid| environment(*pid).is_some_and(|e| e.contains(&wanted) && e.contains(&emulator)))
            .collect();
        pids.iter().for_each(|pid| kill(*pid));
        pids.len()
    }
}

fn record(folder: &Path) -> Option<Value> {
    serde_json::from_str(&std::fs::read_to_string(folder.join(RECORD)).ok()?).ok()
}

fn kill(pid: u64) {
    let status = Command::new("kill").args(["-9", &pid.to_string()]).status().expect("kill runs");
    assert!(status.success(), "process {pid} could not be killed");
}

fn processes() -> impl Iterator<Item = u64> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn environment(pid: u64) -> Option<String> {
    Some(String::from_utf8_lossy(&std::fs::read(format!("/proc/{pid}/environ")).ok()?).into_owned())
}
