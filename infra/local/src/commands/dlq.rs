//! `cargo shop dlq`

mod queue;

use std::{
    collections::{BTreeMap, HashSet},
    fs::File,
    io::{Write, stdin},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    slice,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use aws_config::{BehaviorVersion, timeout::TimeoutConfig};
use chrono::{TimeDelta, Utc};
use clap::{Args, Subcommand};
use futures::future::try_join_all;
use serde_json::json;
use stack::{emulator, topology::Topology, units};
use tokio::time::Instant;

use self::queue::{Account, Letter, Queue, Source};
use super::Selection;

/// Largest number of messages of a queue that `list` reads.
const SAMPLE: usize = 1000;

/// Dead letters: messages that no consumer handled, and events that no relay could publish
#[derive(Debug, Args)]
pub struct Dlq {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Count the dead letters of all queues by type and reason. Shows no personal data
    List(Place),
    /// Show dead letters with their bodies, which may contain personal data
    Show(Choice),
    /// Send dead letters to their queue again, or publish the events of a relay again. May be repeated
    Redrive {
        #[command(flatten)]
        choice: Choice,
        /// Time in which to watch for messages that come back
        #[arg(long, value_name = "SECONDS", default_value_t = 5)]
        watch: u64,
    },
    /// Write the bodies of dead letters to a file, and delete the messages
    Discard {
        #[command(flatten)]
        choice: Choice,
        /// Confirm the number of messages, for scripts
        #[arg(long, value_name = "COUNT")]
        yes: Option<usize>,
    },
}

/// A local stack, or an environment on AWS.
#[derive(Debug, Args)]
struct Place {
    #[command(flatten)]
    stack: Selection,
    /// An environment on AWS, such as `prod`, with the credentials and the Region of the AWS SDK [default: the local stack]
    #[arg(long, conflicts_with = "data")]
    environment: Option<String>,
}

/// A selection of dead letters.
#[derive(Debug, Args)]
struct Choice {
    /// A queue or a relay, such as `order-inbox` or `order-outbox-relay`
    queue: String,
    /// Only the event with this id
    #[arg(long, value_name = "evt_…")]
    id: Option<String>,
    /// Only events of this type, such as shop.order.placed.v1
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Only messages that were sent longer ago than this, such as 90s, 30m, 2h or 3d
    #[arg(long, value_name = "AGE", value_parser = age)]
    older_than: Option<TimeDelta>,
    /// Largest number of messages [default: all; `show`: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    #[command(flatten)]
    place: Place,
}

impl Dlq {
    pub async fn run(self) -> Result<()> {
        match self.task {
            Task::List(place) => list(&place).await,
            Task::Show(choice) => show(&choice).await,
            Task::Redrive { choice, watch } => redrive(&choice, Duration::from_secs(watch)).await,
            Task::Discard { choice, yes } => discard(&choice, yes).await,
        }
    }
}

impl Place {
    async fn account(&self) -> Result<Account> {
        if let Some(environment) = &self.environment {
            let timeouts = TimeoutConfig::builder().operation_timeout(Duration::from_secs(60)).build();
            let config = aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts).load().await;
            return Ok(Account { config, prefix: format!("shop-{environment}-") });
        }
        let config = emulator::sdk_config(&self.stack.running()?.urls.aws);
        let is_by_terraform = self.stack.folder()?.terraform().exists();
        Ok(Account { config, prefix: if is_by_terraform { units::name("") } else { String::new() } })
    }

    /// The command that shows the log lines about a message.
    fn log_command(&self, queue: &Queue, letter: &Letter) -> String {
        let (program, prefix) = (&queue.dead.program, &queue.account.prefix);
        let text = letter.trace_id().or(letter.event_id()).unwrap_or("message not handled");
        if self.environment.is_none() {
            let data = self.stack.data.as_ref().map_or_else(String::new, |data| format!(" --data {}", data.display()));
            return format!("cargo shop logs {program} -n 1000000{data} | grep '{text}'");
        }
        let folder = if queue.dead.is_function { "/aws/lambda" } else { "/shop" };
        format!("aws logs tail {folder}/{prefix}{program} --since 14d --filter-pattern '\"{text}\"'")
    }
}

impl Choice {
    async fn open(&self) -> Result<Queue> {
        let dead = queue::find(&Topology::load()?, &self.queue)?;
        Queue::open(&self.place.account().await?, dead).await
    }

    fn limit(&self, default: usize) -> usize {
        self.limit.map_or(default, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
    }

    fn includes(&self, letter: &Letter) -> bool {
        self.id.as_deref().is_none_or(|id| letter.event_id() == Some(id))
            && self.kind.as_deref().is_none_or(|kind| letter.kind() == kind)
            && self.older_than.is_none_or(|age| letter.sent_at().is_some_and(|time| time + age < Utc::now()))
    }
}

/// Receives up to `limit` messages that are included, and releases all others.
async fn read(queue: &Queue, limit: usize, includes: impl Fn(&Letter) -> bool) -> Result<Vec<Letter>> {
    let (mut ids, mut included, mut others) = (HashSet::new(), Vec::new(), Vec::new());
    while included.len() < limit {
        let batch = queue.receive(1).await?;
        let known = ids.len();
        for letter in batch.into_iter().filter(|letter| ids.insert(letter.id().to_owned())) {
            if included.len() < limit && includes(&letter) { included.push(letter) } else { others.push(letter) }
        }
        if ids.len() == known {
            break;
        }
    }
    queue.release(&others).await?;
    Ok(included)
}

async fn list(place: &Place) -> Result<()> {
    let account = &place.account().await?;
    let queues = queue::all(&Topology::load()?)?.into_iter().map(async |dead| {
        let queue = Queue::open(account, dead).await?;
        let count = queue.count().await?;
        let letters = read(&queue, SAMPLE, |_| true).await?;
        queue.release(&letters).await?;
        anyhow::Ok((queue, count, letters))
    });
    for (queue, count, letters) in try_join_all(queues).await? {
        let oldest = letters.iter().filter_map(Letter::sent_at).min();
        let oldest = oldest.map_or_else(String::new, |time| format!("oldest sent {} ago", duration(Utc::now() - time)));
        println!("{:<36} {:>7}  {oldest}", queue.dead.name, count.max(letters.len() as u64));
        print_summary(&queue, &letters);
        if letters.len() == SAMPLE {
            println!("         (of the first {SAMPLE})");
        }
    }
    Ok(())
}

fn print_summary<'a>(queue: &Queue, letters: impl IntoIterator<Item = &'a Letter>) {
    let mut counts = BTreeMap::<_, usize>::new();
    for letter in letters {
        let reason = letter.reason().map_or_else(|| without_reason(queue), general);
        *counts.entry((letter.kind(), reason)).or_default() += 1;
    }
    for ((kind, reason), count) in counts {
        println!("{count:>8}  {kind}: {reason}");
    }
}

fn without_reason(queue: &Queue) -> String {
    match &queue.dead.source {
        Source::Queue { receives, .. } => format!("no reason: received {receives} times, or not delivered by SNS"),
        Source::Relay { .. } => "no reason: given up by Lambda after 23 hours".to_owned(),
    }
}

/// A reason without ids and quoted values, which may be personal data: messages with the same cause are counted together.
fn general(reason: &str) -> String {
    let is_id = |word: &str| {
        let id = word.trim_matches(|char: char| !char.is_ascii_alphanumeric()).split_once('_');
        id.is_some_and(|(_, id)| id.len() == 32 && id.chars().all(|char| char.is_ascii_hexdigit()))
    };
    let unquoted = reason.split('"').enumerate().map(|(part, text)| if part % 2 == 0 { text } else { "\"…\"" });
    let words: String = unquoted.collect();
    let words = words.split(' ').map(|word| if word.contains('@') || is_id(word) { "…" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

async fn show(choice: &Choice) -> Result<()> {
    let queue = choice.open().await?;
    let letters = read(&queue, choice.limit(10), |letter| choice.includes(letter)).await?;
    queue.release(&letters).await?;
    ensure!(!letters.is_empty(), "{} has no such message", queue.dead.name);
    eprintln!("These messages may contain personal data, such as names and e-mail addresses.");
    for letter in &letters {
        let sent = letter.sent_at().map_or_else(String::new, |time| time.format("%F %T UTC").to_string());
        println!("\n{}  {}", letter.event_id().unwrap_or("no event id"), letter.kind());
        println!("  sent      {sent}, received {} times", letter.receives());
        println!("  reason    {}", letter.reason().map_or_else(|| without_reason(&queue), str::to_owned));
        println!("  trace id  {}", letter.trace_id().unwrap_or("none"));
        println!("  log       {}", choice.place.log_command(&queue, letter));
        println!("{}", letter.pretty());
    }
    Ok(())
}

/// Sends each message, and deletes it afterwards: if that fails, consumers receive it twice, which they expect. A message
/// that comes back meanwhile is not sent again.
async fn redrive(choice: &Choice, watch: Duration) -> Result<()> {
    let queue = choice.open().await?;
    let limit = choice.limit(usize::MAX);
    let (mut ids, mut sent, mut kept) = (HashSet::new(), HashSet::new(), Vec::new());
    let (mut events, mut failed, mut is_complete) = (0, 0, false);
    while !is_complete {
        let batch = queue.receive(1).await?;
        let known = ids.len();
        for letter in batch.into_iter().filter(|letter| ids.insert(letter.id().to_owned())) {
            let is_wanted = choice.includes(&letter) && !sent.contains(letter.body()) && sent.len() + failed < limit;
            if !is_wanted {
                kept.push(letter);
                continue;
            }
            match queue.send(&letter).await {
                Ok(count) => {
                    queue.delete(slice::from_ref(&letter)).await?;
                    sent.insert(letter.body().to_owned());
                    events += count;
                }
                Err(error) => {
                    eprintln!("{} {}: not sent: {error:#}", letter.kind(), letter.event_id().unwrap_or(letter.id()));
                    kept.push(letter);
                    failed += 1;
                }
            }
        }
        is_complete = ids.len() == known || sent.len() + failed >= limit;
    }
    match &queue.dead.source {
        Source::Queue { name, .. } => println!("{} messages sent to {name} again.", sent.len()),
        Source::Relay { topic } => println!("{events} events of {} messages published to {topic} again.", sent.len()),
    }

    let until = Instant::now() + watch;
    let is_back = |letter: &&Letter| sent.contains(letter.body());
    while kept.iter().filter(is_back).count() < sent.len() && Instant::now() < until {
        let batch = queue.receive((until - Instant::now()).as_secs()).await?;
        kept.extend(batch.into_iter().filter(|letter| ids.insert(letter.id().to_owned())));
    }
    queue.release(&kept).await?;
    if !sent.is_empty() {
        let (back, watch) = (kept.iter().filter(is_back).count(), watch.as_secs());
        println!("{back} came back within {watch} s. A consumer may retry the others for longer.");
        print_summary(&queue, kept.iter().filter(is_back));
    }
    ensure!(failed == 0, "{failed} messages were not sent, and remain in {}", queue.dead.name);
    Ok(())
}

async fn discard(choice: &Choice, yes: Option<usize>) -> Result<()> {
    let queue = choice.open().await?;
    let letters = read(&queue, choice.limit(usize::MAX), |letter| choice.includes(letter)).await?;
    if letters.is_empty() {
        println!("{} has no such message.", queue.dead.name);
        return Ok(());
    }
    let folder = match choice.place.environment {
        Some(_) => PathBuf::new(),
        None => choice.place.stack.folder()?.root().to_owned(),
    };
    let path = folder.join(format!("{}-{}.jsonl", queue.dead.name, Utc::now().format("%Y%m%dT%H%M%S%3fZ")));
    write(&path, &letters).with_context(|| format!("cannot write {}", path.display()))?;
    print_summary(&queue, &letters);
    println!("The bodies are in {}. They may contain personal data.", path.display());
    let count = letters.len();
    if yes.map_or_else(ask(count), Ok)? != count {
        queue.release(&letters).await?;
        std::fs::remove_file(&path)?;
        bail!("nothing was deleted: {} has {count} such messages. The file was removed", queue.dead.name);
    }
    queue.delete(&letters).await?;
    println!("{count} messages deleted from {}.", queue.dead.name);
    Ok(())
}

/// Asks for the number of messages. Another answer is 0.
fn ask(count: usize) -> impl FnOnce() -> std::io::Result<usize> {
    move || {
        eprint!("To delete {count} messages, type their number: ");
        let mut answer = String::new();
        stdin().read_line(&mut answer)?;
        Ok(answer.trim().parse().unwrap_or_default())
    }
}

/// Writes one line of JSON for each message. Only the owner may read the file.
fn write(path: &Path, letters: &[Letter]) -> Result<()> {
    let mut file = File::options().create_new(true).write(true).mode(0o600).open(path)?;
    for letter in letters {
        let line = json!({ "sent_at": letter.sent_at(), "reason": letter.reason(), "body": letter.body() });
        writeln!(file, "{line}")?;
    }
    Ok(file.sync_all()?)
}

/// Parses an age such as `30m`.
fn age(text: &str) -> Result<TimeDelta, String> {
    let split = text.len() - text.chars().next_back().map_or(0, char::len_utf8);
    let seconds = match &text[split..] {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => 0,
    };
    let number = text[..split].parse::<u32>().ok().filter(|_| seconds > 0);
    let age = number.and_then(|number| TimeDelta::try_seconds(i64::from(number) * seconds));
    age.ok_or_else(|| "expected a number and s, m, h or d, such as 30m".to_owned())
}

/// A duration in its largest unit.
fn duration(delta: TimeDelta) -> String {
    match delta.num_seconds() {
        seconds @ ..120 => format!("{} s", seconds.max(0)),
        seconds @ ..7200 => format!("{} min", seconds / 60),
        seconds @ ..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_general_reason_has_no_ids_and_no_personal_data() {
        let reason = "order ord_01a212fa16ce75bc86c58e7287717d3e does not exist";
        assert_eq!(general(reason), "order … does not exist");
        let reason = r#"JSON not valid: invalid type: string "Ada Lovelace", expected a contact of ada@example.com"#;
        assert_eq!(general(reason), r#"JSON not valid: invalid type: string "…", expected a contact of …"#);
    }

    #[test]
    fn an_age_has_a_unit() {
        assert_eq!(age("90s"), Ok(TimeDelta::seconds(90)));
        assert_eq!(age("3d"), Ok(TimeDelta::days(3)));
        for wrong in ["", "3", "d", "-3d", "3w", "3µ"] {
            assert!(age(wrong).is_err(), "{wrong}");
        }
    }
}
