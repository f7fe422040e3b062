//! One payment on real parts: the function as Lambda runs it, its table, and the processor.

use std::time::Duration;

use aws_lambda_events::sqs::SqsEvent;
use chrono::{DateTime, TimeDelta, Utc};
use contracts::event::order::{PaymentRequested, VoidRequested};
use contracts::{Currency, Envelope, Event, EventId, Money, OrderId, PaymentId, UserId};
use payment::domain::{Payment, State};
use payment::{AppState, Config, clock, events::handle_batch};
use serde_json::{Value, json};

/// What Lambda leaves a batch when nothing goes wrong.
pub const TIME: Duration = Duration::from_secs(25);

/// A payment that order may ask for, and all that it takes to carry it out.
#[derive(Clone)]
pub struct Bench {
    pub app: AppState,
    pub config: Config,
    pub request: PaymentRequested,
    request_id: EventId,
    void_id: EventId,
    aws: aws_config::SdkConfig,
    /// What the processor asks for.
    pub key: String,
    processor: String,
    http: reqwest::Client,
}

impl Bench {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With other settings than usual.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let aws = stack::testing::aws().await;
        let psp = stack::testing::psp().await;
        let mut config = Config {
            payment_table: aws.create_table("payment").await,
            stripe_api_base: psp.base_url().parse().unwrap(),
            stripe_secret_key_arn: aws.create_secret(psp.secret_key()).await,
            processor_key_max_age: Duration::from_secs(3600),
            processor_key_min_pause: Duration::from_secs(60),
            processor_call_timeout: Duration::from_secs(5),
            processor_breaker_failures: 100,
            processor_breaker_open: Duration::from_secs(10),
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
            app: AppState::new(&config, &aws.sdk_config()).unwrap(),
            config,
            request,
            request_id: EventId::generate(),
            void_id: EventId::generate(),
            aws: aws.sdk_config(),
            key: psp.secret_key().to_owned(),
            processor: psp.base_url().to_string().trim_end_matches('/').to_owned(),
            http: reqwest::Client::new(),
        }
    }

    /// Another function of the same service: nothing in memory is shared.
    pub fn another_function(&self) -> Self {
        Self { app: AppState::new(&self.config, &self.aws).unwrap(), ..self.clone() }
    }

    /// The same payment, with another payment method.
    pub fn paid_with(mut self, payment_method: &str) -> Self {
        self.request.payment_method = payment_method.to_owned();
        self
    }

    /// The same payment, of another amount.
    pub fn of(mut self, amount: Money) -> Self {
        self.request.amount = amount;
        self
    }

    /// The same payment, with another moment at which order stops waiting.
    pub fn due(mut self, deadline: DateTime<Utc>) -> Self {
        self.request.deadline = deadline;
        self
    }

    /// Puts another key into Secrets Manager.
    pub async fn rotate_key_to(&self, key: &str) {
        let secrets = aws_sdk_secretsmanager::Client::new(&self.aws);
        let put = secrets.put_secret_value().secret_id(&self.config.stripe_secret_key_arn).secret_string(key);
        put.send().await.unwrap();
    }

    /// Order's request, as the queue delivers it. The event is the same at every delivery.
    pub fn request_message(&self) -> Value {
        self.message(self.request_id, Event::PaymentRequested(self.request.clone()))
    }

    /// Order's void, as the queue delivers it. The event is the same at every delivery.
    pub fn void_message(&self) -> Value {
        let PaymentRequested { order_id, payment_id, .. } = self.request;
        self.message(self.void_id, Event::VoidRequested(VoidRequested { order_id, payment_id }))
    }

    fn message(&self, id: EventId, event: Event) -> Value {
        let envelope = Envelope::new(id, self.request.order_id, 1, clock::now(), event);
        json!({ "messageId": id, "body": envelope.to_json() })
    }

    /// Delivers the request; says whether it was handled.
    pub async fn deliver_request(&self) -> bool {
        deliver(&self.app, [self.request_message()]).await.is_empty()
    }

    /// Delivers the void; says whether it was handled.
    pub async fn deliver_void(&self) -> bool {
        deliver(&self.app, [self.void_message()]).await.is_empty()
    }

    /// Delivers a message until it is handled, as SQS does, but without its pauses. Says how often that was.
    pub async fn deliver_until_handled(&self, message: Value) -> usize {
        for delivery in 1..=5 {
            if deliver(&self.app, [message.clone()]).await.is_empty() {
                return delivery;
            }
        }
        panic!("the message would be in the dead-letter queue");
    }

    /// The payment as it is recorded.
    pub async fn payment(&self) -> Payment {
        self.app.store.load(self.request.payment_id).await.unwrap().expect("the payment is recorded")
    }

    /// The payment's state as it is recorded.
    pub async fn state(&self) -> State {
        self.payment().await.state
    }

    /// The events of the table, in the order of the payment's versions.
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

    /// The types of the events that were announced, in order.
    pub async fn announced(&self) -> Vec<&'static str> {
        self.envelopes().await.iter().map(|envelope| envelope.event.kind()).collect()
    }

    /// Makes calls about this order fail: `times` calls of `operation`.
    pub async fn fault(&self, operation: &str, kind: &str, times: usize) {
        let fault = json!({ "operation": operation, "kind": kind, "times": times, "order_id": self.request.order_id });
        self.add_fault(fault).await;
    }

    /// Makes one call of `operation` take `time` longer.
    pub async fn slow(&self, operation: &str, time: Duration) {
        let (order_id, ms) = (self.request.order_id, time.as_millis());
        self.add_fault(json!({ "operation": operation, "kind": "slow", "ms": ms, "order_id": order_id })).await;
    }

    async fn add_fault(&self, fault: Value) {
        let url = format!("{}/_simulator/faults", self.processor);
        self.http.post(url).json(&fault).send().await.unwrap().error_for_status().unwrap();
    }

    /// What the processor did about this order's money, in order: `authorized`, `voided`, `declined`, …
    pub async fn ledger(&self) -> Vec<String> {
        let url = format!("{}/_simulator/ledger?order_id={}", self.processor, self.request.order_id);
        let ledger: Value = self.http.get(url).send().await.unwrap().json().await.unwrap();
        let entries = ledger["entries"].as_array().unwrap();
        for entry in entries {
            assert_eq!(entry["amount"], self.request.amount.minor, "every entry is about the whole amount");
            assert_eq!(entry["currency"], "eur");
            assert_eq!(entry["metadata"]["payment_id"], self.request.payment_id.to_string());
        }
        entries.iter().map(|entry| entry["kind"].as_str().unwrap().to_owned()).collect()
    }
}

/// Hands a batch to the function, as Lambda does. Returns the ids of the messages that are to be delivered again.
pub async fn deliver(app: &AppState, messages: impl IntoIterator<Item = Value>) -> Vec<String> {
    deliver_within(app, messages, TIME).await
}

/// The same, with less time than usual.
pub async fn deliver_within(app: &AppState, messages: impl IntoIterator<Item = Value>, time: Duration) -> Vec<String> {
    let records: Vec<_> = messages.into_iter().collect();
    let batch: SqsEvent = serde_json::from_value(json!({ "Records": records })).unwrap();
    let response = handle_batch(app, batch, time).await;
    response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}
