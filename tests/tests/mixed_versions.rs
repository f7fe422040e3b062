//! A rolling release: the previous version of order and product beside this one, on one stack.
//!
//! `tests/previous_version` holds the commit that production runs. It is built into `target/previous`, once.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use futures::future::join_all;
use serde_json::json;
use stack::{api::Client, emulator, testing::eventually};
use tests::{
    Shop, Shopper,
    crowd::{RECOVERY, assert_money_and_stock_are_right, crowd, persistent_checkout},
};

const SERVICES: [&str; 2] = ["order", "product"];

/// Returns the folder with the programs of the previous version; `None` if the repository does not have its commit.
fn build_previous() -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let commit = include_str!("../previous_version").trim();
    let folder = workspace.join("target/previous").join(commit);
    let programs = folder.join("programs");
    if SERVICES.iter().all(|service| programs.join(service).exists()) {
        return Some(programs);
    }
    let git = || {
        let mut git = Command::new("git");
        git.current_dir(&workspace);
        git
    };
    if !run(git().args(["cat-file", "-e", commit])) {
        return None;
    }
    std::fs::create_dir_all(&programs).unwrap();
    assert!(run(git().args(["archive", "--output"]).arg(folder.join("sources.tar")).arg(commit)));
    assert!(run(Command::new("tar").current_dir(&folder).args(["-xf", "sources.tar"])));
    // Into this workspace's target folder, so that only our own crates are compiled. They need a version of their own:
    // cargo takes a crate with the name, the version and the place of another one for the same.
    let manifest = folder.join("Cargo.toml");
    let renamed =
        std::fs::read_to_string(&manifest).unwrap().replacen("version = \"", "version = \"0.0.0-previous.", 1);
    std::fs::write(&manifest, renamed).unwrap();
    // The build of the stack, which follows, replaces the programs there by this version's.
    let target = workspace.join("target");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(&folder).args(["build", "--offline", "--target-dir"]).arg(&target);
    assert!(run(cargo.args(SERVICES.iter().flat_map(|service| ["--bin", service]))));
    for service in SERVICES {
        std::fs::copy(target.join("debug").join(service), programs.join(service)).unwrap();
    }
    Some(programs)
}

/// True if the command succeeds.
fn run(command: &mut Command) -> bool {
    command.status().is_ok_and(|status| status.success())
}

/// A process of the previous version, with the settings of this version's.
struct Previous {
    child: Child,
    url: String,
    log: PathBuf,
}

impl Previous {
    async fn start(shop: &Shop, programs: &Path, service: &str) -> Self {
        let address = format!("127.0.0.1:{}", emulator::free_port().unwrap());
        let log = shop.folder().join(format!("previous-{service}.log"));
        let child = Command::new(programs.join(service))
            .env_clear()
            .envs(shop.environment(service))
            .env("LISTEN_ADDR", &address)
            .stdout(std::fs::File::create(&log).unwrap())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let url = format!("http://{address}");
        let client = Client::new(&url).unwrap();
        eventually("the previous version is ready", RECOVERY, async || {
            client.get("/health/ready").await.is_ok_and(|response| response.status == 200).then_some(())
        })
        .await;
        Self { child, url, log }
    }

    /// The number of log lines with `message`.
    fn logged(&self, message: &str) -> usize {
        let log = std::fs::read_to_string(&self.log).unwrap();
        log.lines().filter(|line| line.contains(message)).count()
    }
}

impl Drop for Previous {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn orders_are_right_while_two_versions_share_tables_and_queues() {
    let Some(programs) = build_previous() else {
        eprintln!("skipped: the repository has no commit of tests/previous_version");
        return;
    };
    let shop = Shop::start("mixed-versions", &[]).await;
    let [order, product] = join_all(SERVICES.map(|service| Previous::start(&shop, &programs, service)))
        .await
        .try_into()
        .unwrap_or_else(|_| unreachable!("two services"));
    let staff = shop.staff().await;
    let sku = shop.stocked(&staff, "TEST-HOT", 50).await;
    let crowd = crowd(&shop, &sku, 40).await;
    let by_previous: Vec<Shopper> = crowd.iter().map(|shopper| shopper.at(&order.url)).collect();

    // Half of the customers order from each version, and half of them cancel at the other one.
    let ids = join_all(crowd.iter().zip(&by_previous).enumerate().map(async |(index, (this, previous))| {
        let (first, second) = if index % 2 == 0 { (this, previous) } else { (previous, this) };
        let id = persistent_checkout(first).await;
        if index % 4 < 2 {
            second.order_in(&id, &["confirmed"]).await;
        } else {
            second.post(&format!("/v1/orders/{id}/cancel"), &json!({})).await.expect(200);
        }
        id
    }))
    .await;

    let orders: Vec<_> = crowd.iter().zip(ids).collect();
    let confirmed = assert_money_and_stock_are_right(&shop, &staff, &sku, 50, &orders).await;
    assert_eq!(confirmed, 20);
    assert!(order.logged("order changed") > 0, "the previous order took part");
    assert!(product.logged("order event handled") > 0, "the previous product took part");
}
