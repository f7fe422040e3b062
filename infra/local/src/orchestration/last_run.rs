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

/// More than the parts take to end when the tool that held them was killed.
const LIMIT: Duration = Duration::from_secs(70);

/// The record of the last run, when nothing of that run is left but its data.
pub async fn ended(folder: &Folder, fresh: bool) -> Result<Option<Record>> {
    let last = match Record::read(folder) {
        // A record that cannot be read is no reason to refuse a fresh start.
        Err(_) if fresh => None,
        last => last?,
    };
    if let Some(last) = &last {
        wait_for_stores(last).await;
    }
    Ok(last)
}

/// Forgets the data of the last run if `fresh`. Otherwise keeps them, with the accounts that are returned; an error if
/// they cannot be used.
pub fn take_over(folder: &Folder, last: Option<Record>, fresh: bool) -> Result<BTreeMap<String, Account>> {
    if fresh {
        folder.clear()?;
        return Ok(BTreeMap::new());
    }
    let Some(last) = last else { return Ok(BTreeMap::new()) };
    ensure!(
        !folder.terraform().exists(),
        "the data in {} come from a run with --terraform: delete them with `cargo shop up --fresh`, or choose another folder with \
         --data",
        folder.root().display()
    );
    ensure!(
        was_saved(folder, last.started_at),
        "the last run on {} ended before the emulated AWS could save its state, so that it no longer matches the \
         database. Delete the data with `cargo shop up --fresh`",
        folder.root().display()
    );
    for part in fs::read_dir(folder.logs())?.flatten() {
        fs::write(part.path(), "")?; // each run begins its logs anew, in place, for those who follow them
    }
    Ok(last.accounts)
}

/// After SIGKILL of the tool, the stores run on for a moment to save their data.
async fn wait_for_stores(last: &Record) {
    let stores = ["ministack", "postgres"].iter().filter_map(|name| last.parts.get(*name));
    for store in stores {
        let Part::Process { pid, .. } = store else { continue };
        if !is_alive(*pid).await {
            continue;
        }
        eprintln!("Waiting for the last run's processes to end.");
        let gone = async || match is_alive(*pid).await {
            true => Err(anyhow::anyhow!("process {pid} is still there")),
            false => Ok(()),
        };
        // After the limit, it is another program with the same pid, or the taken port will tell.
        let _ = ready::until(LIMIT, gone).await;
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
