//! The log of a Lambda function, as the emulator keeps it in CloudWatch Logs.

use anyhow::Result;
use serde::Deserialize;
use serde_json::json;
use stack::{aws_api::AwsApi, record::Record};

/// The most events of one answer.
const PAGE: usize = 10_000;

/// Reads on where it stopped.
#[derive(Debug)]
pub struct FunctionLog {
    aws: AwsApi,
    group: String,
    /// Milliseconds since 1970.
    since: i64,
    /// Number of events read with the timestamp `since`: events of an invocation share it.
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
            aws: AwsApi::new(&stack.urls.aws)?,
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
        let response = self.aws.json("logs", "Logs_20140328.FilterLogEvents", &query).await;
        let response = match response {
            // The first invocation of the function creates the group.
            Err(error) if format!("{error:#}").contains("ResourceNotFoundException") => return Ok(Vec::new()),
            response => response?,
        };
        let answer: Answer = serde_json::from_value(response)?;
        Ok(answer.events)
    }
}
