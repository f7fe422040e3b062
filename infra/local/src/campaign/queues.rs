//! Messages that are lost or delivered again, and the depths of queues.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result};
use aws_sdk_sqs::types::{Message, QueueAttributeName};
use futures::future::try_join_all;
use serde_json::Value;
use stack::topology::Function;
use tokio::time::Instant;

use super::Shop;

/// Time in which messages are waited for.
const WATCH: Duration = Duration::from_secs(20);

/// Messages by event type.
pub type Counts = BTreeMap<String, usize>;

/// Receives messages and deletes them, as a consumer does that crashes in the wrong moment.
pub async fn lose(shop: &Shop, queue: &str, count: usize) -> Result<Counts> {
    each(shop, queue, count, async |url, message| {
        let delete = shop.sqs.delete_message().queue_url(url).set_receipt_handle(message.receipt_handle.clone());
        delete.send().await.map(drop).map_err(Into::into)
    })
    .await
}

/// Sends messages again, and returns the original ones to their queue.
pub async fn duplicate(shop: &Shop, queue: &str, count: usize) -> Result<Counts> {
    each(shop, queue, count, async |url, message| {
        let send = shop.sqs.send_message().queue_url(url).message_body(message.body().unwrap_or_default());
        send.set_message_attributes(message.message_attributes.clone()).send().await?;
        let release = shop.sqs.change_message_visibility().queue_url(url).visibility_timeout(0);
        release.set_receipt_handle(message.receipt_handle.clone()).send().await?;
        Ok(())
    })
    .await
}

/// Receives up to `count` messages in competition with the consumer. A failed call is no loss: the message comes back.
async fn each(
    shop: &Shop,
    queue: &str,
    count: usize,
    handle: impl AsyncFn(&str, &Message) -> Result<()>,
) -> Result<Counts> {
    let url = url(shop, queue).await?;
    let (mut counts, mut done, began) = (Counts::new(), 0, Instant::now());
    while done < count && began.elapsed() < WATCH {
        let receive = shop.sqs.receive_message().queue_url(&url).wait_time_seconds(1).message_attribute_names("All");
        let Ok(received) = receive.max_number_of_messages(i32::try_from(count - done)?).send().await else { continue };
        for message in received.messages() {
            if handle(&url, message).await.is_ok() {
                done += 1;
                *counts.entry(event_type(message.body().unwrap_or_default())).or_default() += 1;
            }
        }
    }
    Ok(counts)
}

/// Number of messages by queue, including those in flight. Empty queues are omitted.
pub async fn depths(shop: &Shop) -> Result<BTreeMap<String, usize>> {
    let names: Vec<_> = shop.topology.queues.iter().map(|queue| queue.name.clone()).collect();
    depths_of(shop, names).await
}

/// Number of dead letters by queue. Empty queues are omitted.
pub async fn dead_letters(shop: &Shop) -> Result<BTreeMap<String, usize>> {
    let of_queues = shop.topology.queues.iter().map(|queue| queue.dead_letter_name());
    let of_relays = shop.topology.functions.iter().filter_map(Function::failure_queue_name);
    depths_of(shop, of_queues.chain(of_relays).collect()).await
}

/// Reasons and types of up to ten dead letters of a queue, which remain there.
pub async fn reasons(shop: &Shop, queue: &str) -> Result<Vec<String>> {
    let url = url(shop, queue).await?;
    let receive = shop.sqs.receive_message().queue_url(url).max_number_of_messages(10).visibility_timeout(1);
    let received = receive.message_attribute_names("All").send().await?.messages.unwrap_or_default();
    let describe = |message: &Message| {
        let attributes = message.message_attributes.as_ref();
        let reason = attributes.and_then(|attributes| attributes.get("reason")?.string_value.clone());
        let body = message.body().unwrap_or_default();
        format!("{}: {}", event_type(body), reason.unwrap_or_else(|| body.chars().take(200).collect()))
    };
    Ok(received.iter().map(describe).collect())
}

async fn depths_of(shop: &Shop, names: Vec<String>) -> Result<BTreeMap<String, usize>> {
    let depths = names.into_iter().map(async |name| {
        let attributes =
            shop.sqs.get_queue_attributes().queue_url(url(shop, &name).await?).set_attribute_names(Some(vec![
                QueueAttributeName::ApproximateNumberOfMessages,
                QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
                QueueAttributeName::ApproximateNumberOfMessagesDelayed,
            ]));
        let counts = attributes.send().await?.attributes.unwrap_or_default().into_values();
        anyhow::Ok((name, counts.filter_map(|count| count.parse::<usize>().ok()).sum::<usize>()))
    });
    Ok(try_join_all(depths).await?.into_iter().filter(|(_, count)| *count > 0).collect())
}

async fn url(shop: &Shop, queue: &str) -> Result<String> {
    let output = shop.sqs.get_queue_url().queue_name(queue).send().await;
    output.with_context(|| format!("no queue {queue}"))?.queue_url.with_context(|| format!("{queue} has no URL"))
}

fn event_type(body: &str) -> String {
    let event: Value = serde_json::from_str(body).unwrap_or_default();
    event["type"].as_str().unwrap_or("no event").to_owned()
}
