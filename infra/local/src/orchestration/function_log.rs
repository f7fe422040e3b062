//! The log of a Lambda function in CloudWatch Logs.

use anyhow::Result;
use serde::Deserialize;
use serde_json::json;
use stack::{aws_api::AwsApi, record::Record};

/// Largest number of events in a response.
const LIMIT: usize = 10_000;

/// A log, read from the start of a run.
#[derive(Debug)]
pub struct FunctionLog {
    aws: AwsApi,
    group: String,
    /// Milliseconds since 1970.
    since: i64,
    /// Number of events read with the timestamp `since`: events of an invocation share it.
    seen: usize,
}

#[derive(Default, Deserialize)]
struct Page {
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    timestamp: i64,
    message: String,
}

impl FunctionLog {
    /// The log group `group` of a stack.
    pub fn new(stack: &Record, group: &str) -> Result<Self> {
        Ok(Self {
            aws: AwsApi::new(&stack.urls.aws)?,
            group: group.to_owned(),
            since: stack.started_at.timestamp_millis(),
            seen: 0,
        })
    }

    /// Returns the lines since the last call.
    pub async fn next(&mut self) -> Result<Vec<u8>> {
        let mut lines = String::new();
        loop {
            let events = self.page().await?;
            let count = events.len();
            for event in events.into_iter().skip(self.seen) {
                lines.push_str(event.message.trim_end());
                lines.push('\n');
                self.seen = if event.timestamp == self.since { self.seen + 1 } else { 1 };
                self.since = event.timestamp;
            }
            if count < LIMIT {
                return Ok(lines.into_bytes());
            }
        }
    }

    async fn page(&self) -> Result<Vec<Event>> {
        let query = json!({ "logGroupName": self.group, "startTime": self.since, "limit": LIMIT });
        let target = "Logs_20140328.FilterLogEvents";
        // The first invocation of the function creates the group.
        let page = self.aws.json_unless("ResourceNotFoundException", "logs", target, &query).await?;
        Ok(page.map(serde_json::from_value::<Page>).transpose()?.unwrap_or_default().events)
    }
}
