//! One payment on real parts: the function as Lambda runs it, its table and the processor.

use std::time::Duration;

use aws_lambda_events::sqs::SqsEvent;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use chrono::{DateTime, TimeDelta, Utc};
use contracts::event::order::{PaymentRequested, VoidRequested};
use contracts::{Currency, Envelope, Event, EventId, Money, OrderId, PaymentId, UserId};
use payment::domain::{Payment, State};
use payment::{AppState, Config, clock, events::handle_batch, processor::Timing};
use serde_json::{Value, json};
use stack::api::{Client, LedgerEntry, Processor};

/// Time for a batch.
pub const TIME: Duration = Duration::from_secs(25);

/// A payment that order may request, with a function that handles it.
#[derive(Clone)]
pub struct TestPayment {
    pub app: AppState,
    pub config: Config,
    timing: Timing,
    pub request: PaymentRequested,
    request_id: EventId,
    void_id: EventId,
    /// Sequence of order's last event.
    sequence: u64,
    aws: aws_config::SdkConfig,
    emulator: String,
    /// The secret key that the processor accepts.
    pub key: String,
    processor: Processor,
}

impl TestPayment {
    pub async fn new() -> Self {
        Self::with(|_| {}, Timing::default()).await
    }

    pub async fn with_config(change: impl FnOnce(&mut Config)) -> Self {
        Self::with(change, Timing::default()).await
    }

    pub async fn with_timing(timing: Timing) -> Self {
        Self::with(|_| {}, timing).await
    }

    pub async fn with(change: impl FnOnce(&mut Config), timing: Timing) -> Self {
        let aws = stack::testing::aws().await;
        let psp = stack::testing::psp().await;
        let mut config = Config {
            payment_inbox_url: aws.create_queue("payment-inbox").await,
            payment_table: aws.create_table("payment").await,
            stripe_api_base: psp.base_url().parse().unwrap(),
            stripe_secret_key_arn: aws.create_secret(psp.secret_key()).await,
            processor_call_timeout: Duration::from_secs(5),
            processor_confirm_timeout: Duration::from_secs(20),
            processor_breaker_failures: 100,
        };
        change(&mut config);
        let request = PaymentRequested {
            order_id: OrderId::generate(),
            user_id: UserId::generate(),
            payment_id: PaymentId::generate(),
            amount: Money::new(4999, Currency::EUR),
            payment_method: "pm_card_visa".to_owned(),
            deadline: clock::now() + TimeDelta::minutes(10),
        };
        Self {
            app: AppState::with_timing(&config, &aws.sdk_config(), timing).unwrap(),
            config,
            timing,
            request,
            request_id: EventId::generate(),
            void_id: EventId::generate(),
            sequence: 2,
            aws: aws.sdk_config(),
            emulator: aws.endpoint().to_owned(),
            key: psp.secret_key().to_owned(),
            processor: psp.control(),
        }
    }

    /// Another instance of the function, which shares nothing in memory.
    pub fn another_function(&self) -> Self {
        let app = AppState::with_timing(&self.config, &self.aws, self.timing).unwrap();
        Self { app, ..self.clone() }
    }

    /// The same payment, with another payment method.
    pub fn paid_with(mut self, payment_method: &str) -> Self {
        self.request.payment_method = payment_method.to_owned();
        self
    }

    /// The same payment, with another amount.
    pub fn of(mut self, amount: Money) -> Self {
        self.request.amount = amount;
        self
    }

    /// The same payment, with another deadline.
    pub fn due(mut self, deadline: DateTime<Utc>) -> Self {
        self.request.deadline = deadline;
        self
    }

    /// The same payment, after order has asked again for both: the events are new, with higher sequences.
    pub fn asked_again(mut self) -> Self {
        (self.request_id, self.void_id) = (EventId::generate(), EventId::generate());
        self.sequence += 2;
        self
    }

    /// Writes another key to Secrets Manager.
    pub async fn rotate_key_to(&self, key: &str) {
        let secrets = aws_sdk_secretsmanager::Client::new(&self.aws);
        let put = secrets.put_secret_value().secret_id(&self.config.stripe_secret_key_arn).secret_string(key);
        put.send().await.unwrap();
    }

    /// Order's request as a queue message. The event is the same at every delivery.
    pub fn request_message(&self) -> Value {
        self.message(self.request_id, self.sequence - 1, Event::PaymentRequested(self.request.clone()))
    }

    /// Order's void as a queue message. The event is the same at every delivery.
    pub fn void_message(&self) -> Value {
        let PaymentRequested { order_id, payment_id, .. } = self.request;
        self.message(self.void_id, self.sequence, Event::VoidRequested(VoidRequested { order_id, payment_id }))
    }

    fn message(&self, id: EventId, sequence: u64, event: Event) -> Value {
        let envelope = Envelope::new(id, self.request.order_id, sequence, clock::now(), event);
        message(&id.to_string(), "", &envelope.to_json(), 1)
    }

    /// Delivers the request. Returns whether it was handled.
    pub async fn deliver_request(&self) -> bool {
        deliver(&self.app, [self.request_message()]).await.is_empty()
    }

    /// Delivers the request for the second time. Returns whether it was handled.
    pub async fn redeliver_request(&self) -> bool {
        deliver(&self.app, [received(self.request_message(), 2)]).await.is_empty()
    }

    /// Delivers the void. Returns whether it was handled.
    pub async fn deliver_void(&self) -> bool {
        deliver(&self.app, [self.void_message()]).await.is_empty()
    }

    /// Delivers a message until it is handled, as SQS does, but without pauses. Returns the number of deliveries.
    pub async fn deliver_until_handled(&self, message: Value) -> usize {
        for delivery in 1..=5 {
            if deliver(&self.app, [received(message.clone(), delivery)]).await.is_empty() {
                return delivery;
            }
        }
        panic!("the message would be in the dead-letter queue");
    }

    /// Sends a message to the queue.
    pub async fn enqueue(&self, body: &str) {
        self.sqs().send_message().queue_url(&self.config.payment_inbox_url).message_body(body).send().await.unwrap();
    }

    /// Passes messages from the queue to the function, as Lambda does. Returns the numbers of those that were received
    /// and deleted.
    pub async fn poll(&self) -> (usize, usize) {
        let (sqs, url) = (self.sqs(), &self.config.payment_inbox_url);
        let receive = sqs.receive_message().queue_url(url).max_number_of_messages(10).wait_time_seconds(0);
        let receive = receive.message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount);
        let received = receive.send().await.unwrap().messages.unwrap_or_default();
        let messages = received.iter().map(|received| {
            let receives = received.attributes().unwrap()[&MessageSystemAttributeName::ApproximateReceiveCount].parse();
            let (id, handle) = (received.message_id().unwrap(), received.receipt_handle().unwrap());
            message(id, handle, received.body().unwrap(), receives.unwrap())
        });
        let failed = deliver(&self.app, messages).await;
        let is_done = |received: &&Message| !failed.iter().any(|id| Some(id.as_str()) == received.message_id());
        let done: Vec<_> = received.iter().filter(is_done).collect();
        for message in &done {
            let handle = message.receipt_handle().unwrap();
            sqs.delete_message().queue_url(url).receipt_handle(handle).send().await.unwrap();
        }
        (received.len(), done.len())
    }

    /// The messages of the dead-letter queue that were not returned before, with their reasons.
    pub async fn dead_letters(&self) -> Vec<(String, String)> {
        let receive = self.sqs().receive_message().queue_url(format!("{}-dlq", self.config.payment_inbox_url));
        let receive = receive.max_number_of_messages(10).message_attribute_names("reason").wait_time_seconds(0);
        let received = receive.send().await.unwrap().messages.unwrap_or_default();
        let reason = |message: &Message| {
            let attribute = message.message_attributes().and_then(|attributes| attributes.get("reason"));
            attribute.and_then(|reason| reason.string_value()).unwrap_or_default().to_owned()
        };
        received.iter().map(|message| (message.body().unwrap_or_default().to_owned(), reason(message))).collect()
    }

    /// Seconds until the only message of the queue is visible again.
    pub async fn seconds_until_visible(&self) -> i64 {
        let path = format!("/_ministack/sqs/messages?QueueUrl={}", self.config.payment_inbox_url);
        let response: Value = Client::new(&self.emulator).unwrap().get(&path).await.unwrap().json(200).unwrap();
        let accounts = response["messages"].as_object().unwrap().values();
        let queues = accounts.flat_map(|account| account.as_object().unwrap().values());
        let messages = queues.flat_map(|region| region.as_object().unwrap().values());
        let messages: Vec<_> = messages.flat_map(|queue| queue.as_array().unwrap()).collect();
        let [message] = messages[..] else { panic!("{response}") };
        message["VisibleAt"].as_i64().unwrap() - clock::now().timestamp()
    }

    fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.aws)
    }

    /// The recorded payment.
    pub async fn payment(&self) -> Payment {
        self.app.store.load(self.request.payment_id).await.unwrap().expect("the payment is recorded")
    }

    /// The recorded state.
    pub async fn state(&self) -> State {
        self.payment().await.state
    }

    /// Events in the outbox, ordered by the payment's version.
    pub async fn envelopes(&self) -> Vec<Envelope> {
        let table = aws_sdk_dynamodb::Client::new(&self.aws);
        let scan = table.scan().table_name(&self.config.payment_table).consistent_read(true);
        let items = scan.filter_expression("attribute_exists(event)").send().await.unwrap().items.unwrap();
        let parse = |item: &std::collections::HashMap<_, _>| -> Envelope {
            let text: &aws_sdk_dynamodb::types::AttributeValue = &item["event"];
            serde_json::from_str(text.as_s().unwrap()).unwrap()
        };
        let mut envelopes: Vec<_> = items.iter().map(parse).collect();
        envelopes.sort_by_key(|envelope| envelope.sequence);
        envelopes
    }

    /// Types of the events in the outbox, in the same order.
    pub async fn announced(&self) -> Vec<&'static str> {
        self.envelopes().await.iter().map(|envelope| envelope.event.kind()).collect()
    }

    /// Makes the next `times` calls of `operation` about this order fail.
    pub async fn fault(&self, operation: &str, kind: &str, times: usize) {
        let fault = json!({ "operation": operation, "kind": kind, "times": times, "order_id": self.request.order_id });
        self.processor.inject(&fault).await.unwrap();
    }

    /// Delays the next call of `operation` by `time`.
    pub async fn slow(&self, operation: &str, time: Duration) {
        self.fault_for("slow", operation, time).await;
    }

    /// Refuses the next call of `operation`, with `time` as `Retry-After`.
    pub async fn rate_limit(&self, operation: &str, time: Duration) {
        self.fault_for("rate_limited", operation, time).await;
    }

    async fn fault_for(&self, kind: &str, operation: &str, time: Duration) {
        let (order_id, ms) = (self.request.order_id, time.as_millis());
        let fault = json!({ "operation": operation, "kind": kind, "ms": ms, "order_id": order_id });
        self.processor.inject(&fault).await.unwrap();
    }

    /// Calls the processor's API, as another client of the account.
    pub async fn post(&self, path: &str, idempotency_key: Option<&str>, form: &[(&str, &str)]) {
        let url = format!("{}{path}", self.config.stripe_api_base.as_str().trim_end_matches('/'));
        let mut call = reqwest::Client::new().post(url).bearer_auth(&self.key).form(form);
        if let Some(key) = idempotency_key {
            call = call.header("idempotency-key", key);
        }
        let response = call.send().await.unwrap();
        assert!(response.status().is_success(), "{response:?}");
    }

    /// Statuses of this order's intents at the processor.
    pub async fn intents(&self) -> Vec<String> {
        let base = self.config.stripe_api_base.as_str().trim_end_matches('/');
        let url = format!("{base}/v1/payment_intents/search");
        let query = [("query", format!("metadata['order_id']:'{}'", self.request.order_id))];
        let response = reqwest::Client::new().get(url).query(&query).bearer_auth(&self.key).send().await.unwrap();
        let found: Value = response.json().await.unwrap();
        let statuses =
            found["data"].as_array().unwrap().iter().map(|intent| intent["status"].as_str().unwrap().to_owned());
        statuses.collect()
    }

    /// Refunds the captured amount, as an operator does.
    pub async fn refund(&self) {
        let intent = self.state().await.intent().unwrap().to_string();
        self.post("/v1/refunds", None, &[("payment_intent", &intent)]).await;
    }

    /// Kinds of this order's entries in the processor's ledger, in order: `authorized`, `voided`, `declined`, …
    pub async fn ledger(&self) -> Vec<String> {
        let entries = self.entries().await;
        for entry in &entries {
            assert_eq!(entry.amount, self.request.amount.minor, "every entry is about the whole amount");
            assert_eq!(entry.currency, "eur");
            assert_eq!(entry.metadata["payment_id"], self.request.payment_id.to_string());
        }
        entries.into_iter().map(|entry| entry.kind).collect()
    }

    /// This order's entries in the processor's ledger.
    pub async fn entries(&self) -> Vec<LedgerEntry> {
        self.processor.ledger(self.request.order_id).await.unwrap()
    }
}

/// A message as Lambda passes it to the function.
pub fn message(id: &str, receipt_handle: &str, body: &str, receives: u32) -> Value {
    let attributes = json!({ "ApproximateReceiveCount": receives.to_string() });
    json!({ "messageId": id, "receiptHandle": receipt_handle, "body": body, "attributes": attributes })
}

/// The message at its n-th delivery.
fn received(mut message: Value, receives: usize) -> Value {
    message["attributes"]["ApproximateReceiveCount"] = json!(receives.to_string());
    message
}

/// Passes a batch to the function, as Lambda does. Returns the ids of the messages that have to be delivered again.
pub async fn deliver(app: &AppState, messages: impl IntoIterator<Item = Value>) -> Vec<String> {
    deliver_within(app, messages, TIME).await
}

/// Like [`deliver`], with less time.
pub async fn deliver_within(app: &AppState, messages: impl IntoIterator<Item = Value>, time: Duration) -> Vec<String> {
    let records: Vec<_> = messages.into_iter().collect();
    let batch: SqsEvent = serde_json::from_value(json!({ "Records": records })).unwrap();
    let response = handle_batch(app, batch, time).await;
    response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}
