//! Events, posted to the shop and signed as Stripe signs them. They are tried again until they are accepted, and
//! on demand they come late, twice or out of order. They do not survive a restart: a shop has to live with lost
//! events, and asks.

use std::{io, sync::Arc, time::Duration};

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use tokio::{sync::mpsc, sync::watch, time};
use tokio_util::sync::CancellationToken;

use crate::{Webhook, clock, domain::event::Event};

const TIMEOUT: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
const ATTEMPTS: u32 = 20;

/// How events are delivered from now on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case", deny_unknown_fields)]
pub enum Delivery {
    /// At once, once each, in order as far as the receiver accepts them.
    #[default]
    Normal,
    /// Each so much later.
    Late {
        /// Milliseconds.
        ms: u64,
    },
    /// Each twice.
    Double,
    /// What happens within so long of each other is delivered newest first.
    Reorder {
        /// Milliseconds.
        ms: u64,
    },
}

/// Where the rest of the simulator hands its events in.
#[derive(Debug, Clone)]
pub struct Outbox {
    events: mpsc::UnboundedSender<(Event, Delivery)>,
    delivery: Arc<watch::Sender<Delivery>>,
}

impl Outbox {
    /// Sends an event as events are delivered at this moment.
    pub fn send(&self, event: Event) {
        // Nobody receives once the simulator stops, and then nobody is told.
        let _ = self.events.send((event, self.delivery()));
    }

    /// Changes how events are delivered from now on.
    pub fn deliver(&self, delivery: Delivery) {
        self.delivery.send_replace(delivery);
    }

    /// How events are delivered.
    pub fn delivery(&self) -> Delivery {
        *self.delivery.borrow()
    }
}

/// Starts to deliver what is handed in. Without a receiver, it is dropped.
pub fn start(receiver: Option<Webhook>, stopped: CancellationToken) -> io::Result<Outbox> {
    let client = reqwest::Client::builder().no_proxy().timeout(TIMEOUT).build().map_err(io::Error::other)?;
    let postbox = receiver.map(|receiver| Arc::new(Postbox { receiver, client }));
    let (events, waiting) = mpsc::unbounded_channel();
    let delivery = Arc::new(watch::Sender::new(Delivery::default()));
    let outbox = Outbox { events, delivery };
    tokio::spawn(async move { stopped.run_until_cancelled(dispatch(postbox, waiting, &stopped)).await });
    Ok(outbox)
}

async fn dispatch(
    postbox: Option<Arc<Postbox>>,
    mut waiting: mpsc::UnboundedReceiver<(Event, Delivery)>,
    stopped: &CancellationToken,
) {
    while let Some((event, delivery)) = waiting.recv().await {
        let Some(postbox) = &postbox else { continue };
        match delivery {
            Delivery::Normal => postbox.post(event, stopped).await,
            Delivery::Double => {
                postbox.post(event.clone(), stopped).await;
                postbox.post(event, stopped).await;
            }
            Delivery::Late { ms } => {
                let (postbox, inner) = (postbox.clone(), stopped.clone());
                let late = async move {
                    time::sleep(Duration::from_millis(ms)).await;
                    postbox.post(event, &inner).await;
                };
                let stopped = stopped.clone();
                tokio::spawn(async move { stopped.run_until_cancelled(late).await });
            }
            Delivery::Reorder { ms } => {
                let mut batch = vec![event];
                let until = time::Instant::now() + Duration::from_millis(ms);
                while let Ok(Some((next, _))) = time::timeout_at(until, waiting.recv()).await {
                    batch.push(next);
                }
                for event in batch.into_iter().rev() {
                    postbox.post(event, stopped).await;
                }
            }
        }
    }
}

#[derive(Debug)]
struct Postbox {
    receiver: Webhook,
    client: reqwest::Client,
}

impl Postbox {
    /// Tries once, and goes on trying in the background where that fails, so that the next event need not wait.
    async fn post(self: &Arc<Self>, event: Event, stopped: &CancellationToken) {
        if self.attempt(&event).await {
            return;
        }
        let (postbox, stopped) = (self.clone(), stopped.clone());
        tokio::spawn(async move { stopped.run_until_cancelled(postbox.retry(event)).await });
    }

    async fn retry(&self, event: Event) {
        let mut pause = FIRST_PAUSE;
        for _ in 1..ATTEMPTS {
            time::sleep(pause).await;
            if self.attempt(&event).await {
                return;
            }
            pause = LONGEST_PAUSE.min(pause * 2);
        }
        tracing::warn!(event_id = event.id, event_type = event.kind, "nobody accepts this event: given up");
    }

    /// Whether the receiver accepted it. Every attempt is signed anew, as the signature holds its time.
    async fn attempt(&self, event: &Event) -> bool {
        let body = event.body().to_string();
        let signature = signature(&self.receiver.secret, clock::now().timestamp(), &body);
        let request = self.client.post(&self.receiver.url).header("stripe-signature", signature);
        let sent = request.header("content-type", "application/json; charset=utf-8").body(body).send().await;
        sent.is_ok_and(|response| response.status().is_success())
    }
}

/// The header `Stripe-Signature`: HMAC-SHA256 over the time and the raw body.
fn signature(secret: &str, time: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of every length");
    mac.update(format!("{time}.{body}").as_bytes());
    format!("t={time},v1={}", hex::encode(mac.finalize().into_bytes()))
}
