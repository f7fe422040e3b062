//! The log of order, followed while it is written: it costs the shop nothing, other than questions.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use tokio::time::sleep;

const POLL: Duration = Duration::from_millis(20);

/// Orders and refusals since it was opened.
#[derive(Clone, Default)]
pub struct Journal(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    orders: BTreeMap<String, Story>,
    /// Duration of each refusal, in milliseconds.
    refusals: Vec<u64>,
}

#[derive(Clone)]
struct Story {
    placed: DateTime<Utc>,
    end: Option<(DateTime<Utc>, String)>,
}

#[derive(Deserialize)]
struct Line {
    timestamp: DateTime<Utc>,
    message: String,
    order_id: Option<String>,
    status: Option<serde_json::Value>,
    duration_ms: Option<u64>,
}

impl Journal {
    /// Follows the log from its current end, until the process ends.
    pub fn follow(log: &Path) -> Result<Self> {
        let mut file = File::open(log).with_context(|| format!("cannot read {}", log.display()))?;
        file.seek(SeekFrom::End(0))?;
        let (journal, mut text) = (Self::default(), Vec::new());
        let writer = journal.clone();
        tokio::spawn(async move {
            while file.read_to_end(&mut text).is_ok() {
                let complete = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
                for line in text.drain(..complete).as_slice().split(|byte| *byte == b'\n') {
                    writer.seen().add(line);
                }
                sleep(POLL).await;
            }
        });
        Ok(journal)
    }

    /// Waits for the confirmation of an order. Returns its time since the checkout, in seconds.
    pub async fn confirmation(&self, id: &str, limit: Duration) -> Option<f64> {
        let began = Instant::now();
        loop {
            if let Some(Story { placed, end: Some((at, status)) }) = self.seen().orders.get(id) {
                return (status == "confirmed").then(|| (*at - *placed).as_seconds_f64());
            }
            if began.elapsed() > limit {
                return None;
            }
            sleep(POLL).await;
        }
    }

    /// Number of orders that were confirmed between two times.
    pub fn confirmed(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> usize {
        let is_counted = |(at, status): &(DateTime<Utc>, String)| status == "confirmed" && (from..to).contains(at);
        self.seen().orders.values().filter(|story| story.end.as_ref().is_some_and(is_counted)).count()
    }

    /// Durations of all refusals, in milliseconds.
    pub fn refusals(&self) -> Vec<u64> {
        self.seen().refusals.clone()
    }

    /// Number of orders that have not ended.
    pub fn open_orders(&self) -> usize {
        self.seen().orders.values().filter(|story| story.end.is_none()).count()
    }

    /// Ids and statuses of the orders that have ended.
    pub fn ends(&self) -> Vec<(String, String)> {
        let seen = self.seen();
        seen.orders.iter().filter_map(|(id, story)| Some((id.clone(), story.end.clone()?.1))).collect()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn add(&mut self, line: &[u8]) {
        let Ok(Line { timestamp, message, order_id, status: Some(status), duration_ms }) = serde_json::from_slice(line)
        else {
            return;
        };
        match (message.as_str(), order_id, status.as_str()) {
            ("order changed", Some(id), Some("placed")) => {
                self.orders.insert(id, Story { placed: timestamp, end: None });
            }
            ("order changed", Some(id), Some(end @ ("confirmed" | "rejected" | "cancelled"))) => {
                if let Some(story) = self.orders.get_mut(&id) {
                    story.end = Some((timestamp, end.to_owned()));
                }
            }
            ("request completed", ..) if status == 503 => self.refusals.extend(duration_ms),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_and_refusals_are_read_from_the_log() {
        let mut seen = Seen::default();
        let changed = |status| {
            let time = "2026-01-02T03:04:05.678Z";
            format!(r#"{{"timestamp":"{time}","message":"order changed","order_id":"o","status":"{status}"}}"#)
        };
        for line in [
            changed("placed"),
            changed("awaiting_payment"),
            changed("confirmed"),
            r#"{"timestamp":"2026-01-02T03:04:05Z","message":"request completed","status":503,"duration_ms":2}"#
                .to_owned(),
            r#"{"timestamp":"2026-01-02T03:04:05Z","message":"request completed","status":202,"duration_ms":9}"#
                .to_owned(),
            "not JSON".to_owned(),
        ] {
            seen.add(line.as_bytes());
        }
        assert_eq!(seen.refusals, [2]);
        assert_eq!(seen.orders["o"].end.as_ref().unwrap().1, "confirmed");
    }
}
