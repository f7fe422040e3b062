//! The function on emulated parts, customers with their events, and the mails that SES sent.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use clap::Parser;
use contracts::{
    Currency, Envelope, Event, EventId, Money, OrderId, UserId,
    event::{
        order::{CancellationReason, OrderCancelled, OrderConfirmed, OrderLine, OrderRejected, RejectionReason},
        user::{Contact, UserDeleted, UserRegistered, UserRegistrationRepeated, UserUpdated},
    },
};
use notification::{AppState, Config, clock, events::handle_batch};
use serde::Deserialize;
use stack::{
    api::Client,
    testing::{self, Aws},
};

/// A sender that SES has verified.
pub const SENDER: &str = "Shop <orders@shop.example>";

/// Time for a batch.
const TIME: Duration = Duration::from_secs(19);

/// The function with a fresh queue and table.
pub struct Notification {
    pub aws: Aws,
    pub queue_url: String,
    pub table: String,
    pub app: AppState,
}

impl Notification {
    pub async fn start() -> Self {
        let aws = testing::aws().await;
        verify(&aws, "shop.example").await;
        Self::start_with_sender(SENDER).await
    }

    pub async fn start_with_sender(sender: &str) -> Self {
        let aws = testing::aws().await;
        let queue_url = aws.create_queue("notification-inbox").await;
        let table = aws.create_table("notification").await;
        let app = Self::connect(&aws, &queue_url, &table, sender);
        Self { aws, queue_url, table, app }
    }

    /// Replaces the table by an empty one.
    pub async fn lose_table(&mut self) {
        self.table = self.aws.create_table("notification").await;
        self.app = Self::connect(&self.aws, &self.queue_url, &self.table, SENDER);
    }

    fn connect(aws: &Aws, queue_url: &str, table: &str, sender: &str) -> AppState {
        let config = Config::parse_from([
            "notification",
            "--notification-inbox-url",
            queue_url,
            "--notification-table",
            table,
            "--mail-from",
            sender,
            "--storefront-url",
            "https://shop.example/",
        ]);
        AppState::new(config, &aws.sdk_config()).unwrap()
    }

    /// Delivers events in one batch. Returns the number of those that have to be delivered again.
    pub async fn deliver(&self, envelopes: &[&Envelope]) -> usize {
        let bodies: Vec<String> = envelopes.iter().map(|envelope| envelope.to_json()).collect();
        self.deliver_bodies(&bodies).await.len()
    }

    /// Delivers messages in one batch. Returns the positions of those that have to be delivered again.
    pub async fn deliver_bodies(&self, bodies: &[String]) -> Vec<usize> {
        self.deliver_within(TIME, bodies).await
    }

    /// Like [`Self::deliver_bodies`], with less time.
    pub async fn deliver_within(&self, time: Duration, bodies: &[String]) -> Vec<usize> {
        let message = |(position, body): (usize, &String)| message(&position.to_string(), "", body, 1);
        let failures = self.invoke(bodies.iter().enumerate().map(message).collect(), time).await;
        let mut failed: Vec<usize> = failures.iter().map(|id| id.parse().unwrap()).collect();
        failed.sort_unstable();
        failed
    }

    /// Calls the function as Lambda does. Returns the ids of the messages that are not deleted.
    async fn invoke(&self, messages: Vec<SqsMessage>, time: Duration) -> Vec<String> {
        let mut batch = SqsEvent::default();
        batch.records = messages;
        let response = handle_batch(&self.app, batch, time).await;
        response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
    }

    /// Sends a message to the queue.
    pub async fn enqueue(&self, body: &str) {
        self.sqs().send_message().queue_url(&self.queue_url).message_body(body).send().await.unwrap();
    }

    /// Passes messages from the queue to the function, as Lambda does. Returns the numbers of those that were received
    /// and deleted.
    pub async fn poll(&self) -> (usize, usize) {
        let receive = self.sqs().receive_message().queue_url(&self.queue_url).max_number_of_messages(10);
        let receive = receive.message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount);
        let received = receive.wait_time_seconds(0).send().await.unwrap().messages.unwrap_or_default();
        let messages = received.iter().map(|received| {
            let receives = received.attributes().unwrap()[&MessageSystemAttributeName::ApproximateReceiveCount].parse();
            let (id, handle) = (received.message_id().unwrap(), received.receipt_handle().unwrap());
            message(id, handle, received.body().unwrap(), receives.unwrap())
        });
        let failed = self.invoke(messages.collect(), TIME).await;
        let done =
            received.iter().filter(|received| !failed.iter().any(|id| Some(id.as_str()) == received.message_id()));
        let mut deleted = 0;
        for handle in done.map(|received| received.receipt_handle().unwrap()) {
            self.sqs().delete_message().queue_url(&self.queue_url).receipt_handle(handle).send().await.unwrap();
            deleted += 1;
        }
        (received.len(), deleted)
    }

    /// The messages of the dead-letter queue that were not returned before, with their reasons.
    pub async fn dead_letters(&self) -> Vec<(String, String)> {
        let receive = self.sqs().receive_message().queue_url(format!("{}-dlq", self.queue_url));
        let receive = receive.max_number_of_messages(10).message_attribute_names("reason").wait_time_seconds(0);
        let received = receive.send().await.unwrap().messages.unwrap_or_default();
        let reason = |message: &Message| {
            let attribute = message.message_attributes().and_then(|attributes| attributes.get("reason"));
            attribute.and_then(|reason| reason.string_value()).unwrap_or_default().to_owned()
        };
        received.iter().map(|message| (message.body().unwrap_or_default().to_owned(), reason(message))).collect()
    }

    fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.aws.sdk_config())
    }

    /// All mails to `address` so far, oldest first.
    pub async fn mails_to(&self, address: &str) -> Vec<SentMail> {
        #[derive(Deserialize)]
        struct Outbox {
            messages: HashMap<String, Vec<SentMail>>,
        }
        let emulator = Client::new(self.aws.endpoint()).unwrap();
        let outbox: Outbox = emulator.get("/_ministack/ses/messages").await.unwrap().json(200).unwrap();
        let mut mails: Vec<SentMail> = outbox.messages.into_values().flatten().collect();
        mails.retain(|mail| mail.to == [address]);
        mails.sort_by(|a, b| a.timestamp.total_cmp(&b.timestamp));
        mails
    }

    /// The subjects of all mails to `customer`, sorted.
    pub async fn subjects(&self, customer: &Customer) -> Vec<String> {
        let mut subjects: Vec<String> =
            self.mails_to(&customer.contact.email).await.into_iter().map(|mail| mail.subject).collect();
        subjects.sort();
        subjects
    }

    /// The whole table, as text.
    pub async fn table_text(&self) -> String {
        let client = aws_sdk_dynamodb::Client::new(&self.aws.sdk_config());
        let items = client.scan().table_name(&self.table).consistent_read(true).send().await.unwrap();
        format!("{:?}", items.items())
    }
}

fn message(id: &str, receipt_handle: &str, body: &str, receives: u32) -> SqsMessage {
    let mut message = SqsMessage::default();
    message.message_id = Some(id.to_owned());
    message.receipt_handle = Some(receipt_handle.to_owned());
    message.body = Some(body.to_owned());
    message.attributes.insert("ApproximateReceiveCount".to_owned(), receives.to_string());
    message
}

/// Verifies a domain as a sender.
pub async fn verify(aws: &Aws, domain: &str) {
    let ses = aws_sdk_sesv2::Client::new(&aws.sdk_config());
    ses.create_email_identity().email_identity(domain).send().await.unwrap();
}

/// A mail in the form of the emulated SES.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SentMail {
    pub source: String,
    pub to: Vec<String>,
    pub subject: String,
    pub body_text: String,
    pub body_html: String,
    timestamp: f64,
}

/// A customer with a unique address, and the events of the account and its orders.
#[derive(Debug, Clone)]
pub struct Customer {
    pub id: UserId,
    pub contact: Contact,
}

impl Customer {
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let email = format!("ada{}@customer.example", COUNT.fetch_add(1, Ordering::Relaxed));
        Self { id: UserId::generate(), contact: Contact { email, name: "Ada".to_owned(), locale: "en".to_owned() } }
    }

    pub fn speaking(locale: &str) -> Self {
        let mut customer = Self::new();
        customer.contact.locale = locale.to_owned();
        customer
    }

    pub fn named(name: &str) -> Self {
        let mut customer = Self::new();
        customer.contact.name = name.to_owned();
        customer
    }

    pub fn registered(&self) -> Envelope {
        let data = UserRegistered { user_id: self.id, contact: self.contact.clone() };
        envelope(self.id, 1, Event::UserRegistered(data))
    }

    pub fn registration_repeated(&self) -> Envelope {
        envelope(self.id, 1, Event::UserRegistrationRepeated(UserRegistrationRepeated { user_id: self.id }))
    }

    /// An update of the account to another address, with the version `sequence`.
    pub fn moved_to(&self, email: &str, sequence: u64) -> Envelope {
        let contact = Contact { email: email.to_owned(), ..self.contact.clone() };
        envelope(self.id, sequence, Event::UserUpdated(UserUpdated { user_id: self.id, contact }))
    }

    pub fn deleted(&self) -> Envelope {
        envelope(self.id, 9, Event::UserDeleted(UserDeleted { user_id: self.id }))
    }

    pub fn confirmed(&self) -> Envelope {
        self.confirmed_at(OrderId::generate(), 4)
    }

    /// The confirmation of an order, as its version `sequence`.
    pub fn confirmed_at(&self, order_id: OrderId, sequence: u64) -> Envelope {
        let data = OrderConfirmed { order_id, user_id: self.id, lines: lines(), total: eur(4_247) };
        envelope(order_id, sequence, Event::OrderConfirmed(data))
    }

    pub fn rejected(&self, reason: RejectionReason) -> Envelope {
        self.rejected_at(OrderId::generate(), 2, reason)
    }

    /// The rejection of an order, as its version `sequence`.
    pub fn rejected_at(&self, order_id: OrderId, sequence: u64, reason: RejectionReason) -> Envelope {
        let data = OrderRejected { order_id, user_id: self.id, reason, lines: lines() };
        envelope(order_id, sequence, Event::OrderRejected(data))
    }

    pub fn cancelled(&self, reason: CancellationReason) -> Envelope {
        self.cancelled_at(OrderId::generate(), 5, reason)
    }

    /// The cancellation of an order, as its version `sequence`.
    pub fn cancelled_at(&self, order_id: OrderId, sequence: u64, reason: CancellationReason) -> Envelope {
        let data = OrderCancelled { order_id, user_id: self.id, reason, lines: lines() };
        envelope(order_id, sequence, Event::OrderCancelled(data))
    }
}

pub fn envelope(subject: impl ToString, sequence: u64, event: Event) -> Envelope {
    Envelope::new(EventId::generate(), subject, sequence, clock::now(), event)
}

pub fn lines() -> Vec<OrderLine> {
    let line = |sku: &str, name: &str, quantity, unit_price| OrderLine {
        sku: sku.parse().unwrap(),
        name: name.to_owned(),
        quantity,
        unit_price: eur(unit_price),
    };
    vec![
        line("CUP-BLUE", "Stoneware cup, blue", 3, 1_249),
        line("TEA-50", "Darjeeling <First Flush> & co, 50 g", 1, 500),
    ]
}

pub fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}
