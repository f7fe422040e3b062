//! The log of a Lambda function, as the emulator keeps it in CloudWatch Logs.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::json;
use stack::emulator;

use super::Record;

/// The most events of one answer.
const PAGE: usize = 10_000;

/// Reads on where it stopped.
///
/// It speaks CloudWatch Logs' JSON protocol by hand: one action does not pay for compiling another AWS SDK crate.
#[derive(Debug)]
pub struct FunctionLog {
    http: reqwest::Client,
    endpoint: String,
    group: String,
    /// Milliseconds since 1970.
    since: i64,
    /// How many events of the moment `since` were seen: events of one invocation share theirs.
    seen: usize,
}

#[derive(Deserialize)]
struct Answer {
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    timestamp: i64,
    message: String,
}

impl FunctionLog {
    /// The log group of a stack, from the start of its run.
    pub fn new(stack: &Record, group: &str) -> Result<Self> {
        Ok(Self {
            http: reqwest::Client::builder().no_proxy().build()?,
            endpoint: stack.urls.aws.clone(),
            group: group.to_owned(),
            since: stack.started_at.timestamp_millis(),
            seen: 0,
        })
    }

    /// The lines that were not read yet.
    pub async fn next(&mut self) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        loop {
            let events = self.page().await?;
            let count = events.len();
            for event in events.into_iter().skip(self.seen) {
                lines.push(event.message.trim_end().to_owned());
                self.seen = if event.timestamp == self.since { self.seen + 1 } else { 1 };
                self.since = event.timestamp;
            }
            if count < PAGE {
                return Ok(lines);
            }
        }
    }

    async fn page(&self) -> Result<Vec<Event>> {
        let query = json!({ "logGroupName": self.group, "startTime": self.since, "limit": PAGE });
        let response = self
            .http
            .post(&self.endpoint)
            .header("x-amz-target", "Logs_20140328.FilterLogEvents")
            .header("content-type", "application/x-amz-json-1.1")
            .header("authorization", emulator::root_authorization("logs"))
            .body(query.to_string())
            .send()
            .await
            .context("the emulated AWS does not answer")?;
        let status = response.status();
        let body = response.text().await?;
        if body.contains("ResourceNotFoundException") {
            return Ok(Vec::new()); // the group is made by the first call of the function
        }
        let answer: Answer = serde_json::from_str(&body).with_context(|| format!("came {status}: {body}"))?;
        Ok(answer.events)
    }
}
