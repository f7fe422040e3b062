//! Webhook delivery: events signed as Stripe signs them and retried until accepted. On demand, events are delayed,
//! duplicated or reordered. Pending events are lost on restart, as a shop has to recover from lost events by polling.

use std::{io, sync::Arc, time::Duration};

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use tokio::{
    sync::{mpsc, watch},
    time,
};
use tokio_util::sync::CancellationToken;

use crate::{clock, domain::event::Event};

const TIMEOUT: Duration = Duration::from_secs(10);
const INITIAL_BACKOFF: Duration = Duration::from_millis(250);
const MAX_BACKOFF: Duration = Duration::from_secs(30);
const MAX_ATTEMPTS: u32 = 20;

/// A receiver of events.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// URL that events are posted to.
    pub url: String,
    /// Secret that signs them.
    pub secret: String,
}

/// Delivery mode of events that are sent from now on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Delivery {
    /// Immediately, once, in order as long as the receiver accepts each event at the first attempt.
    #[default]
    Normal,
    /// After a delay in milliseconds.
    Late { ms: u64 },
    /// Each event twice.
    Double,
    /// Events of one window, in milliseconds, newest first.
    Reorder { ms: u64 },
}

/// Queue of events to deliver.
#[derive(Debug, Clone)]
pub(crate) struct WebhookSender {
    events: mpsc::UnboundedSender<(Event, Delivery)>,
    delivery: Arc<watch::Sender<Delivery>>,
}

impl WebhookSender {
    /// Queues an event for delivery in the current mode.
    pub(crate) fn send(&self, event: Event) {
        // Without a receiver, or during shutdown, the channel is closed and the event is dropped.
        let _ = self.events.send((event, self.delivery()));
    }

    pub(crate) fn set_delivery(&self, delivery: Delivery) {
        self.delivery.send_replace(delivery);
    }

    pub(crate) fn delivery(&self) -> Delivery {
        *self.delivery.borrow()
    }
}

/// Starts the delivery of queued events. Without a receiver, events are dropped.
pub(crate) fn start(receiver: Option<Webhook>, stopped: CancellationToken) -> io::Result<WebhookSender> {
    let (events, queue) = mpsc::unbounded_channel();
    if let Some(receiver) = receiver {
        let client = reqwest::Client::builder().no_proxy().timeout(TIMEOUT).build().map_err(io::Error::other)?;
        let dispatcher = Dispatcher { receiver: receiver.into(), client, stopped };
        dispatcher.spawn(dispatcher.clone().run(queue));
    }
    Ok(WebhookSender { events, delivery: Arc::new(watch::Sender::new(Delivery::default())) })
}

#[derive(Debug, Clone)]
struct Dispatcher {
    receiver: Arc<Webhook>,
    client: reqwest::Client,
    stopped: CancellationToken,
}

impl Dispatcher {
    /// Runs a task until it ends or the simulator stops.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stopped = self.stopped.clone();
        tokio::spawn(async move { stopped.run_until_cancelled(task).await });
    }

    async fn run(self, mut queue: mpsc::UnboundedReceiver<(Event, Delivery)>) {
        while let Some((event, delivery)) = queue.recv().await {
            match delivery {
                Delivery::Normal => self.deliver(event).await,
                Delivery::Double => {
                    self.deliver(event.clone()).await;
                    self.deliver(event).await;
                }
                Delivery::Late { ms } => {
                    let dispatcher = self.clone();
                    self.spawn(async move {
                        time::sleep(Duration::from_millis(ms)).await;
                        dispatcher.deliver(event).await;
                    });
                }
                Delivery::Reorder { ms } => {
                    let mut batch = vec![event];
                    let until = time::Instant::now() + Duration::from_millis(ms);
                    while let Ok(Some((next, _))) = time::timeout_at(until, queue.recv()).await {
                        batch.push(next);
                    }
                    for event in batch.into_iter().rev() {
                        self.deliver(event).await;
                    }
                }
            }
        }
    }

    /// Attempts delivery once and retries in the background, so that a failing event does not block the next one.
    async fn deliver(&self, event: Event) {
        if !self.attempt(&event).await {
            self.spawn(self.clone().retry(event));
        }
    }

    async fn retry(self, event: Event) {
        let mut backoff = INITIAL_BACKOFF;
        for _ in 1..MAX_ATTEMPTS {
            time::sleep(backoff).await;
            if self.attempt(&event).await {
                return;
            }
            backoff = MAX_BACKOFF.min(backoff * 2);
        }
        tracing::warn!(event_id = event.id, event_type = event.kind, "webhook delivery failed: retries exhausted");
    }

    /// Returns whether the receiver accepted the event. Each attempt has a new signature with the current time.
    async fn attempt(&self, event: &Event) -> bool {
        let body = event.body().to_string();
        let signature = signature(&self.receiver.secret, clock::now().timestamp(), &body);
        let request = self.client.post(&self.receiver.url).header("stripe-signature", signature);
        let sent = request.header("content-type", "application/json; charset=utf-8").body(body).send().await;
        sent.is_ok_and(|response| response.status().is_success())
    }
}

/// Returns the value of `Stripe-Signature`: HMAC-SHA256 over the time and the raw body.
fn signature(secret: &str, time: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC accepts keys of any length");
    mac.update(format!("{time}.{body}").as_bytes());
    format!("t={time},v1={}", hex::encode(mac.finalize().into_bytes()))
}
