//! `cargo shop order`

use std::{collections::HashSet, fs};

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;
use contracts::OrderId;
use futures::future::try_join_all;
use serde_json::Value;
use stack::{
    api::{Client, Processor},
    record::{Part, Record},
    topology::Topology,
};

use super::Selection;
use crate::orchestration::FunctionLog;

/// Show the story of an order by time: the log lines of all services, the card processor's ledger, the mails
#[derive(Debug, Args)]
pub struct Order {
    /// The order's id
    #[arg(value_name = "ord_…")]
    id: OrderId,
    #[command(flatten)]
    stack: Selection,
    /// Print the query of CloudWatch Logs Insights for an environment on AWS, such as `prod`
    #[arg(long, conflicts_with = "data")]
    environment: Option<String>,
}

/// One line of the story.
struct Entry {
    time: DateTime<Utc>,
    source: String,
    text: String,
    trace_id: String,
}

impl Order {
    pub async fn run(self) -> Result<()> {
        if let Some(environment) = &self.environment {
            println!("{}", insights_query(&Topology::load()?, environment, self.id));
            return Ok(());
        }
        let record = self.stack.running()?;
        let mut entries = log_entries(&record, &self.id.to_string()).await?;
        entries.extend(ledger(&record, self.id).await?);
        entries.extend(mails(&record, &self.id.to_string()).await?);
        ensure!(!entries.is_empty(), "nothing is known about {} since the start of the stack", self.id);
        entries.sort_by_key(|entry| entry.time);
        for Entry { time, source, text, trace_id } in entries {
            println!("{}  {source:<14} {text}  {trace_id}", time.format("%F %T%.3f"));
        }
        Ok(())
    }
}

/// The log lines that name the order, and those of the same traces that name no other.
async fn log_entries(record: &Record, order: &str) -> Result<Vec<Entry>> {
    let topology = Topology::load()?;
    let is_ours = |name: &str| topology.service(name).is_some() || topology.function(name).is_some();
    let logs = record.parts.iter().filter(|(name, _)| is_ours(name)).map(async |(name, part)| {
        let log = match part {
            Part::Process { log, .. } => fs::read(log).with_context(|| format!("cannot read {}", log.display()))?,
            Part::Function { log_group } => FunctionLog::new(record, log_group)?.next().await?,
        };
        anyhow::Ok((name, String::from_utf8_lossy(&log).into_owned()))
    });
    let logs = try_join_all(logs).await?;
    let lines = logs.iter().flat_map(|(name, log)| log.lines().map(move |line| (name, line)));
    let lines: Vec<_> = lines.filter_map(|(name, line)| Some((name, line, serde_json::from_str(line).ok()?))).collect();
    let of_order = lines.iter().filter(|(_, line, _)| line.contains(order));
    let traces: HashSet<_> = of_order.map(|(_, _, json)| trace_id(json)).filter(|trace| !trace.is_empty()).collect();
    let is_part =
        |line: &str, json| line.contains(order) || (traces.contains(trace_id(json)) && !line.contains("ord_"));
    let part = lines.iter().filter(|(_, line, json)| is_part(line, json));
    Ok(part.filter_map(|(name, _, json)| entry(name, json)).collect())
}

fn trace_id(line: &Value) -> &str {
    line["span"]["trace_id"].as_str().unwrap_or_default()
}

/// The message of a log line, its fields, and the event or the route that it is about.
fn entry(source: &str, line: &Value) -> Option<Entry> {
    const OMITTED: [&str; 7] = ["timestamp", "level", "message", "target", "span", "order_id", "user_id"];
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut words = vec![text(&line["message"])];
    if line["level"] != "INFO" {
        words.insert(0, text(&line["level"]));
    }
    let fields = line.as_object()?.iter().filter(|(name, _)| !OMITTED.contains(&name.as_str()));
    words.extend(fields.map(|(name, value)| format!("{name}={}", text(value))));
    let subject = [&line["span"]["event_type"], &line["span"]["route"]].into_iter().find(|subject| subject.is_string());
    words.extend(subject.map(|subject| format!("[{}]", text(subject))));
    Some(Entry {
        time: line["timestamp"].as_str()?.parse().ok()?,
        source: source.to_owned(),
        text: words.join(" "),
        trace_id: trace_id(line).to_owned(),
    })
}

async fn ledger(record: &Record, order: OrderId) -> Result<Vec<Entry>> {
    let entries = Processor::new(&record.urls.processor)?.ledger(order).await?;
    let entries = entries.into_iter().map(|entry| {
        let text = format!("{} {} {} {}", entry.kind, entry.amount, entry.currency, entry.payment_intent);
        Entry { time: entry.time, source: "card processor".to_owned(), text, trace_id: String::new() }
    });
    Ok(entries.collect())
}

/// The subjects of the mails that name the order.
async fn mails(record: &Record, order: &str) -> Result<Vec<Entry>> {
    let mailbox: Value = Client::new(&record.urls.mails)?.get("").await?.json(200)?;
    let accounts = mailbox["messages"].as_object().into_iter().flatten();
    let mails = accounts.flat_map(|(_, mails)| mails.as_array().into_iter().flatten());
    let mails = mails.filter(|mail| mail["BodyText"].as_str().is_some_and(|text| text.contains(order)));
    let entries = mails.filter_map(|mail| {
        let time = DateTime::from_timestamp_millis((mail["Timestamp"].as_f64()? * 1000.0) as i64)?;
        let text = format!("mail: {}", mail["Subject"].as_str()?);
        Some(Entry { time, source: "SES".to_owned(), text, trace_id: String::new() })
    });
    Ok(entries.collect())
}

/// The command that queries the same log lines on AWS, from the time in the order's id.
fn insights_query(topology: &Topology, environment: &str, order: OrderId) -> String {
    let functions =
        topology.functions.iter().map(|function| format!("/aws/lambda/shop-{environment}-{}", function.name));
    let services = topology.services.iter().map(|service| format!("/shop/shop-{environment}-{}", service.name));
    let groups = services.chain(functions).collect::<Vec<_>>().join(" \\\n    ");
    let placed = order.as_uuid().get_timestamp().map_or(0, |time| time.to_unix().0);
    let since = DateTime::<Utc>::from_timestamp_secs(placed as i64).unwrap_or_default();
    let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
    format!(
        "# CloudWatch Logs Insights, from {since}. For the lines that do not name the order, repeat it with the trace id.\n\
         aws logs start-query --start-time {placed} --end-time $(date +%s) --log-group-names \\\n    {groups} \\\n  \
         --query-string 'fields @timestamp, @log, message, status, cause, owed, error, span.event_type, span.trace_id\n    \
         | filter @message like \"{order}\" | sort @timestamp asc | limit 1000'\n\
         aws logs get-query-results --query-id <queryId>"
    )
}
