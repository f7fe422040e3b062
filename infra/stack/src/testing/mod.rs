//! The test kit: real parts for tests, and helpers to drive a service.
//!
//! Each test process has its own emulated AWS and PostgreSQL, which start at first use and end with the process, even
//! after `kill -9`. Every call creates a new table, queue, topic or database.
//!
//! All functions panic with an explanation if a part cannot be started.
#![expect(clippy::panic, reason = "a test that cannot start its parts has failed")]

mod aws;
mod child;
#[cfg(feature = "collector")]
mod collector;
mod database;
mod eventually;
#[cfg(feature = "token-issuer")]
mod faulty_aws;
mod generated;
#[cfg(feature = "psp")]
mod psp;
#[cfg(feature = "token-issuer")]
mod token_issuer;

use std::{
    fs::{self, File},
    future::Future,
    path::{Path, PathBuf},
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

use tokio::{runtime::Runtime, sync::OnceCell};

pub use aws::{Aws, TopicProbe, aws};
pub use child::ServiceProcess;
#[cfg(feature = "collector")]
pub use collector::{SpanCollector, hex, span_attribute};
pub use database::database;
pub use eventually::eventually;
#[cfg(feature = "token-issuer")]
pub use faulty_aws::{DynamoDbFault, FaultyAws};
pub use generated::committed;
#[cfg(feature = "psp")]
pub use psp::{Psp, psp};
#[cfg(feature = "token-issuer")]
pub use token_issuer::{TokenIssuer, token_issuer};

pub use crate::api::Response;
use crate::python::{Python, target_dir};

/// The runtime of parts that outlive a test: the runtime of a `#[tokio::test]` ends with the test.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let builder = builder.worker_threads(2).thread_name("shop-testing").enable_all();
    builder.build().expect("a runtime")
});

/// Starts a part that outlives the current test.
async fn start<T: Send + 'static>(what: &str, start: impl Future<Output = anyhow::Result<T>> + Send + 'static) -> T {
    match RUNTIME.spawn(start).await {
        Ok(Ok(started)) => started,
        Ok(Err(cause)) => panic!("tests need {what}, which cannot be started: {cause:?}"),
        Err(cause) => panic!("tests need {what}, whose start failed: {cause}"),
    }
}

/// The interpreter of third-party parts, and the folder of this test process. The folder with the logs remains until
/// the next test process starts.
struct Workplace {
    python: Python,
    folder: PathBuf,
    _alive: File,
}

async fn workplace() -> &'static Workplace {
    static WORKPLACE: OnceCell<Workplace> = OnceCell::const_new();
    let make = || {
        start("Python packages", async {
            let target = target_dir()?;
            let python = Python::ensure(&target).await?;
            let (folder, alive) = own_folder(&target.join("shop/tests"))?;
            Ok(Workplace { python, folder, _alive: alive })
        })
    };
    WORKPLACE.get_or_init(make).await
}

/// A new folder. It is removed some time after the test process has ended.
pub async fn folder(name: &str) -> PathBuf {
    let folder = workplace().await.folder.join(unique(name));
    fs::create_dir(&folder).expect("the test process's folder can be written");
    folder
}

/// Creates a folder for this process, with a lock file that it keeps open. Removes the folders of processes that have
/// ended, whose lock files are not locked.
fn own_folder(tests: &Path) -> anyhow::Result<(PathBuf, File)> {
    const ALIVE: &str = "alive.lock";
    fs::create_dir_all(tests)?;
    let one_at_a_time = File::create(tests.join("lock"))?;
    one_at_a_time.lock()?;
    for folder in fs::read_dir(tests)?.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir()) {
        let ended = File::open(folder.join(ALIVE)).map_or(true, |lock| lock.try_lock().is_ok());
        if ended {
            // A folder that cannot be removed now is removed by a later process.
            let _ = fs::remove_dir_all(folder);
        }
    }
    let folder = tests.join(unique("process"));
    fs::create_dir_all(&folder)?;
    let alive = File::create(folder.join(ALIVE))?;
    alive.lock()?;
    Ok((folder, alive))
}

/// A name that is unique among tests and test processes.
fn unique(name: &str) -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    format!("{name}-{}-{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed))
}
