//! The faults of a plan, and their end.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use futures::future::join_all;
use reqwest::Method;
use serde_json::json;
use stack::{
    api::{Client, Response},
    processes::{self, Frozen},
    record::{Part, Record},
};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use super::{
    Shop,
    plan::{Fault, Plan, PlannedFault},
    queues::{self, Counts},
};

/// Time in which a function must have a process, to be killed or frozen. It has none after 15 minutes without work.
const PROCESS_LIMIT: Duration = Duration::from_secs(20);

/// An injected fault.
#[derive(Debug, Clone)]
pub struct Injected {
    /// Kind and target, such as `freeze order`.
    pub name: String,
    /// Number of effects: killed processes, seconds, calls, messages.
    pub count: u64,
    pub unit: &'static str,
    /// Messages by event type.
    pub messages: Counts,
    /// Reason for which the fault did not happen.
    pub error: Option<String>,
}

/// Injects every fault when its time has come, each independently of the others.
pub async fn inject(shop: &Shop, plan: &Plan, begun: watch::Receiver<usize>, log: &Mutex<Vec<Injected>>) {
    let faults = plan.faults.iter().map(async |PlannedFault { after, fault }| {
        if begun.clone().wait_for(|begun| begun > after).await.is_err() {
            return;
        }
        let name = name(fault);
        let injected = inject_one(shop, fault).await;
        let (count, unit, messages, error) = match injected {
            Ok((count, unit, messages)) => (count, unit, messages, None),
            Err(error) => (0, "", Counts::new(), Some(format!("{error:#}"))),
        };
        let injected = Injected { name, count, unit, messages, error };
        log.lock().unwrap_or_else(PoisonError::into_inner).push(injected);
    });
    join_all(faults).await;
}

/// Ends the faults that last: those of the processor, and throttling.
pub async fn end(shop: &Shop) -> Result<()> {
    for service in ["dynamodb", "sqs", "sns"] {
        throttle(shop, service, 0, 0).await?;
    }
    shop.processor.clear_faults().await
}

fn name(fault: &Fault) -> String {
    match fault {
        Fault::Kill { part } => format!("kill {part}"),
        Fault::Freeze { part, .. } => format!("freeze {part}"),
        Fault::Processor { kind, .. } => format!("processor {kind}"),
        Fault::Throttle { service, .. } => format!("throttle {service}"),
        Fault::Lose { queue, .. } => format!("lose from {queue}"),
        Fault::Duplicate { queue, .. } => format!("duplicate in {queue}"),
    }
}

async fn inject_one(shop: &Shop, fault: &Fault) -> Result<(u64, &'static str, Counts)> {
    let count = |counts: &Counts| counts.values().sum::<usize>() as u64;
    Ok(match fault {
        Fault::Kill { part } => {
            let pids = pids(shop, part).await?;
            processes::kill(&pids)?;
            (pids.len() as u64, "processes", Counts::new())
        }
        Fault::Freeze { part, time } => {
            let pids = pids(shop, part).await?;
            let frozen = match (*part, pids.as_slice()) {
                ("postgres", [pid]) => Frozen::with_descendants(*pid)?,
                _ => Frozen::new(pids)?,
            };
            sleep(*time).await;
            drop(frozen);
            (time.as_secs(), "s", Counts::new())
        }
        Fault::Processor { operation, kind, ms, times } => {
            let fault = json!({ "operation": operation, "kind": kind, "ms": ms, "times": times });
            shop.processor.inject(&fault).await?;
            ((*times).into(), "calls", Counts::new())
        }
        Fault::Throttle { service, percent, seconds } => {
            let before = throttle(shop, service, *percent, *seconds).await?;
            sleep(Duration::from_secs(*seconds)).await;
            let after = throttle(shop, service, 0, 0).await?;
            (after.saturating_sub(before), "refused calls", Counts::new())
        }
        Fault::Lose { queue, count: wanted } => {
            let messages = queues::lose(shop, queue, *wanted).await?;
            (count(&messages), "messages", messages)
        }
        Fault::Duplicate { queue, count: wanted } => {
            let messages = queues::duplicate(shop, queue, *wanted).await?;
            (count(&messages), "messages", messages)
        }
    })
}

/// The processes of a part, which may have been restarted since the last call.
async fn pids(shop: &Shop, part: &str) -> Result<Vec<u32>> {
    let record = Record::current(&shop.folder)?.context("the shop has ended")?;
    match record.parts.get(part) {
        Some(Part::Process { pid, .. }) => Ok(vec![*pid]),
        Some(Part::Function { .. }) => {
            let began = Instant::now();
            while began.elapsed() < PROCESS_LIMIT {
                let pids = processes::of_function(part, &record.urls.aws);
                if !pids.is_empty() {
                    return Ok(pids);
                }
                sleep(Duration::from_millis(200)).await;
            }
            bail!("{part} has no process")
        }
        None => bail!("the shop has no part {part}"),
    }
}

/// Makes the emulated AWS refuse a part of the calls to a service. Returns the number of calls it has refused so far.
async fn throttle(shop: &Shop, service: &str, percent: u32, seconds: u64) -> Result<u64> {
    let path = format!("/_shop/throttle/{service}/{percent}/{seconds}");
    let client = Client::new(&shop.record.urls.aws)?;
    let refused: serde_json::Value = Response::try_to(client.request(Method::POST, &path)).await?.json(200)?;
    Ok(refused[service].as_u64().unwrap_or_default())
}
