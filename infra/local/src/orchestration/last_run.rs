//! The data of the last run on a data folder.

use std::{collections::BTreeMap, fs, process::Stdio, time::Duration};

use anyhow::{Result, ensure};
use chrono::{DateTime, Utc};
use tokio::process::Command;

use stack::{
    folder::Folder,
    ready,
    record::{Account, Part, Record},
};

/// Limit for the stores to save their data after the tool was killed: longer than their grace periods.
const LIMIT: Duration = Duration::from_secs(70);

/// Waits until the stores of the last run have ended, and returns the record of that run.
pub async fn ended(folder: &Folder, fresh: bool) -> Result<Option<Record>> {
    let last = match Record::read(folder) {
        // A damaged record does not prevent a fresh start.
        Err(_) if fresh => None,
        last => last?,
    };
    if let Some(last) = &last {
        wait_for_stores(last).await;
    }
    Ok(last)
}

/// Deletes the data of the last run if `fresh`. Otherwise returns its accounts, or fails if the data cannot be used.
pub fn take_over(folder: &Folder, last: Option<Record>, fresh: bool) -> Result<BTreeMap<String, Account>> {
    if fresh {
        folder.clear()?;
        return Ok(BTreeMap::new());
    }
    let Some(last) = last else { return Ok(BTreeMap::new()) };
    ensure!(
        !folder.terraform().exists(),
        "the data in {} belong to a run with --terraform: delete them with `cargo shop up --fresh`, or choose another \
         folder with --data",
        folder.root().display()
    );
    ensure!(
        was_saved(folder, last.started_at),
        "the last run on {} ended before the emulated AWS had saved its state, so it no longer matches the database: \
         delete the data with `cargo shop up --fresh`",
        folder.root().display()
    );
    for part in fs::read_dir(folder.logs())?.flatten() {
        fs::write(part.path(), "")?; // truncates the log in place for `cargo shop logs --follow`
    }
    Ok(last.accounts)
}

/// After SIGKILL of the tool, the stores take a moment to save their data.
async fn wait_for_stores(last: &Record) {
    let stores = ["ministack", "postgres"].iter().filter_map(|name| last.parts.get(*name));
    for store in stores {
        let Part::Process { pid, .. } = store else { continue };
        if !is_alive(*pid).await {
            continue;
        }
        eprintln!("Waiting for the processes of the last run to end.");
        let ended = async || {
            ensure!(!is_alive(*pid).await, "process {pid} is still running");
            Ok(())
        };
        // After the limit, another program has this pid, or the port is reported as in use.
        let _ = ready::until(LIMIT, ended).await;
    }
}

async fn is_alive(pid: u32) -> bool {
    let probe = Command::new("kill").args(["-0", &pid.to_string()]).stderr(Stdio::null()).status().await;
    probe.is_ok_and(|status| status.success())
}

/// True if the emulator has saved its state since the run began.
fn was_saved(folder: &Folder, began: DateTime<Utc>) -> bool {
    let saved = fs::metadata(folder.emulator().join("state/dynamodb.json")).and_then(|file| file.modified());
    saved.is_ok_and(|moment| DateTime::<Utc>::from(moment) > began)
}
