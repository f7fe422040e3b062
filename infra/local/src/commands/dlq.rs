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
use chrono::TimeDelta;
use clap::{Args, Subcommand};
use futures::future::try_join_all;
use serde_json::json;
use stack::{clock, emulator, topology::Topology, units};
use tokio::time::Instant;

use self::queue::{Account, Letter, Queue};
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
    /// An environment on AWS, such as `prod`, with the credentials and the Region of the AWS SDK [default: the local
    /// stack]
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
    /// Only messages that were sent longer ago than this
    #[arg(long, value_name = "MINUTES")]
    older_than: Option<u32>,
    /// Largest number of messages [default: all; `show`: 10]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    #[command(flatten)]
    place: Place,
}

impl Dlq {
    pub async fn run(self) -> Result<()> {
        match self.task {
            Task::List(place) => list(&place).await,
            Task::Show(choice) => show(&Choice { limit: choice.limit.or(Some(10)), ..choice }).await,
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
        let (program, prefix) = (&queue.dead.program, &queue.prefix);
        // The consumer logs no trace of a message that it cannot read.
        let text = letter.trace_id().filter(|_| letter.is_readable()).unwrap_or("message not handled");
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

    /// Receives the selected messages, and hides them for two minutes.
    async fn read(&self, queue: &Queue) -> Result<Vec<Letter>> {
        let includes = |letter: &Letter| {
            let age = self.older_than.map(|minutes| TimeDelta::minutes(minutes.into()));
            self.id.as_deref().is_none_or(|id| letter.event_id() == Some(id))
                && self.kind.as_deref().is_none_or(|kind| letter.kind() == kind)
                && age.is_none_or(|age| letter.sent_at().is_some_and(|time| time + age < clock::now()))
        };
        read(queue, self.limit.unwrap_or(usize::MAX), includes).await
    }
}

/// Receives up to `limit` messages that are included, and releases all others.
async fn read(queue: &Queue, limit: usize, includes: impl Fn(&Letter) -> bool) -> Result<Vec<Letter>> {
    let (mut ids, mut included, mut others) = (HashSet::new(), Vec::new(), Vec::new());
    while included.len() < limit {
        let batch = queue.receive(1).await?;
        let known = ids.len();
        for letter in batch.into_iter().filter(|letter| ids.insert(letter.id().to_owned())) {
            let list = if included.len() < limit && includes(&letter) { &mut included } else { &mut others };
            list.push(letter);
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
    let queues = queue::all(&Topology::load()?).into_iter().map(async |dead| {
        let queue = Queue::open(account, dead).await?;
        let count = queue.count().await?;
        let letters = read(&queue, SAMPLE, |_| true).await?;
        queue.release(&letters).await?;
        anyhow::Ok((queue, count.max(letters.len()), letters))
    });
    for (queue, count, letters) in try_join_all(queues).await? {
        let oldest = letters.iter().filter_map(Letter::sent_at).min();
        let oldest = oldest.map_or_else(String::new, |time| time.format("  oldest sent %F %T UTC").to_string());
        println!("{:<34} {count:>6}{oldest}", queue.dead.name);
        print_summary(&letters);
        if count > letters.len() {
            println!(
                "        ({} of them were read: {SAMPLE} at most, and none that another reader holds)",
                letters.len()
            );
        }
    }
    Ok(())
}

fn print_summary<'a>(letters: impl IntoIterator<Item = &'a Letter>) {
    let mut counts = BTreeMap::<_, usize>::new();
    for letter in letters {
        *counts.entry((letter.kind(), general(letter.reason()))).or_default() += 1;
    }
    for ((kind, reason), count) in counts {
        println!("{count:>6}  {kind}: {reason}");
    }
}

/// A reason without ids and quoted values, which may be personal data: messages with the same cause are counted
/// together.
fn general(reason: &str) -> String {
    let is_id = |word: &str| {
        let id = word.trim_matches(|char: char| !char.is_ascii_alphanumeric()).split_once('_');
        id.is_some_and(|(_, id)| id.len() == 32 && id.chars().all(|char| char.is_ascii_hexdigit()))
    };
    let unquoted = reason.split('"').enumerate().map(|(part, text)| if part % 2 == 0 { text } else { "\"…\"" });
    let unquoted: String = unquoted.collect();
    let words = unquoted.split(' ').map(|word| if word.contains('@') || is_id(word) { "…" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

async fn show(choice: &Choice) -> Result<()> {
    let queue = choice.open().await?;
    let letters = choice.read(&queue).await?;
    queue.release(&letters).await?;
    ensure!(!letters.is_empty(), "{} has no such message", queue.dead.name);
    eprintln!("These messages may contain personal data, such as names and e-mail addresses.");
    for letter in &letters {
        let sent = letter.sent_at().map_or_else(String::new, |time| time.format("%F %T UTC").to_string());
        println!("\n{}  {}", letter.event_id().unwrap_or("no event id"), letter.kind());
        println!("  sent      {sent}, received {} times", letter.receives());
        println!("  reason    {}", letter.reason());
        println!("  trace id  {}", letter.trace_id().unwrap_or("none"));
        println!("  log       {}", choice.place.log_command(&queue, letter));
        println!("{}", letter.pretty());
    }
    Ok(())
}

/// Sends each message, and deletes it afterwards: if that fails, consumers receive it twice, which they expect.
async fn redrive(choice: &Choice, watch: Duration) -> Result<()> {
    let queue = choice.open().await?;
    let (mut sent, mut failed, mut events) = (Vec::new(), Vec::new(), 0);
    for letter in choice.read(&queue).await? {
        match queue.send(&letter).await {
            Ok(count) => {
                queue.delete(slice::from_ref(&letter)).await?;
                events += count;
                sent.push(letter);
            }
            Err(error) => {
                eprintln!("{} {}: not sent: {error:#}", letter.kind(), letter.event_id().unwrap_or(letter.id()));
                failed.push(letter);
            }
        }
    }
    queue.release(&failed).await?;
    println!("{} messages ({events} events) sent to {} again.", sent.len(), queue.dead.destination());

    let bodies: HashSet<_> = sent.iter().map(Letter::body).collect();
    let (mut returned, mut others, until) = (Vec::new(), Vec::new(), Instant::now() + watch);
    while returned.len() < sent.len() && Instant::now() < until {
        for letter in queue.receive((until - Instant::now()).as_secs()).await? {
            if bodies.contains(letter.body()) { returned.push(letter) } else { others.push(letter) }
        }
    }
    queue.release(&returned).await?;
    queue.release(&others).await?;
    if !sent.is_empty() {
        let watch = watch.as_secs();
        println!("{} came back within {watch} s. Their consumer may still retry the others.", returned.len());
        print_summary(&returned);
    }
    ensure!(failed.is_empty(), "{} messages were not sent, and remain in {}", failed.len(), queue.dead.name);
    Ok(())
}

async fn discard(choice: &Choice, yes: Option<usize>) -> Result<()> {
    let queue = choice.open().await?;
    let letters = choice.read(&queue).await?;
    let count = letters.len();
    if count == 0 {
        println!("{} has no such message.", queue.dead.name);
        return Ok(());
    }
    let folder = match choice.place.environment {
        Some(_) => PathBuf::new(),
        None => choice.place.stack.folder()?.root().to_owned(),
    };
    let path = folder.join(format!("{}-{}.jsonl", queue.dead.name, clock::now().format("%Y%m%dT%H%M%S%3fZ")));
    write(&path, &letters).with_context(|| format!("cannot write {}", path.display()))?;
    print_summary(&letters);
    println!("The bodies are in {}. They may contain personal data.", path.display());
    if yes.map_or_else(|| ask(count), Ok)? != count {
        queue.release(&letters).await?;
        std::fs::remove_file(&path)?;
        bail!("nothing was deleted: {} has {count} such messages. The file was removed", queue.dead.name);
    }
    queue.delete(&letters).await?;
    println!("{count} messages deleted from {}.", queue.dead.name);
    Ok(())
}

/// Asks for the number of messages. Any other answer is 0.
fn ask(count: usize) -> Result<usize> {
    eprint!("To delete {count} messages, type their number: ");
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    Ok(answer.trim().parse().unwrap_or_default())
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
}
