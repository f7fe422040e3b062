//! The service on a free port, with a table and queues of its own; customers who talk to it; and its neighbours' events.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use axum::http::StatusCode;
use chrono::TimeDelta;
use clap::Parser;
use contracts::{
    Currency, Envelope, Event, EventId, Money, OrderId, PaymentId, ProductId, ReservationId, TraceContext, UserId,
    auth::Scope,
    event::{
        payment::{DeclineReason, PaymentAuthorized, PaymentDeclined, PaymentVoided},
        product::{ProductChanged, ReservedLine, StockReserved, Variant},
    },
};
use order::{
    AppState, clock,
    config::Config,
    domain::{Order, State, Status},
    events,
    reminders::Reminders,
    store::Store,
};
use reqwest::{
    Method,
    header::{HeaderMap, HeaderName},
};
use serde_json::{Value, json};
use stack::testing::{Aws, TokenIssuer, eventually};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use super::process::Process;

/// Long enough for a busy machine; nothing waits for it to pass.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A running service.
pub struct Shop {
    pub app: AppState,
    pub issuer: TokenIssuer,
    base: String,
    table: String,
    dynamodb: aws_sdk_dynamodb::Client,
    pub sqs: aws_sdk_sqs::Client,
    pub inbox_url: String,
    instance: Instance,
}

/// How it runs.
enum Instance {
    /// In the test's own process.
    Here(JoinHandle<anyhow::Result<()>>, DropGuard),
    /// As AWS runs it.
    Process(Process),
}

/// The service with patience for everything.
pub async fn shop() -> Shop {
    shop_with(&[]).await
}

/// The service with other settings.
pub async fn shop_with(settings: &[(&str, &str)]) -> Shop {
    start(settings, async |aws, arguments| {
        let config = Config::parse_from(arguments);
        let (sdk, shutdown) = (aws.sdk_config(), CancellationToken::new());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let process = tokio::spawn({
            let shutdown = shutdown.clone();
            async move { order::run(config, &sdk, listener, shutdown).await }
        });
        (base, Instance::Here(process, shutdown.drop_guard()))
    })
    .await
}

/// The service as a process of its own, with other settings and these environment variables.
pub async fn shop_as_process(settings: &[(&str, &str)], environment: &[(&str, &str)]) -> Shop {
    start(settings, async |aws, arguments| {
        let process = Process::start(&arguments[1..], aws, environment).await;
        (process.base().await, Instance::Process(process))
    })
    .await
}

async fn start(settings: &[(&str, &str)], run: impl AsyncFnOnce(&Aws, &[String]) -> (String, Instance)) -> Shop {
    let aws: Aws = stack::testing::aws().await;
    let issuer = stack::testing::token_issuer().await;
    let table = aws.create_table("order").await;
    let inbox_url = aws.create_queue("order-inbox").await;
    let deadlines_url = aws.create_queue("order-deadlines").await;

    let mut arguments = vec![
        ("--order-table", table.as_str()),
        ("--order-inbox-url", &inbox_url),
        ("--order-deadlines-url", &deadlines_url),
        ("--token-issuer", issuer.url()),
        ("--sweep-interval-seconds", "86400"),
    ];
    arguments.retain(|(name, _)| settings.iter().all(|(other, _)| other != name));
    arguments.extend(settings);
    let arguments = arguments.iter().flat_map(|(name, value)| [*name, *value]);
    let arguments: Vec<String> = ["order"].into_iter().chain(arguments).map(str::to_owned).collect();
    let config = Config::parse_from(&arguments);

    let sdk = aws.sdk_config();
    let (dynamodb, sqs) = (aws_sdk_dynamodb::Client::new(&sdk), aws_sdk_sqs::Client::new(&sdk));
    let app = AppState {
        store: Store::new(dynamodb.clone(), table.clone()),
        rules: config.rules(),
        reminders: Reminders::new(sqs.clone(), config.order_deadlines_url.to_string(), TaskTracker::new()),
        tokens: watch::channel(None).1,
    };
    let (base, instance) = run(&aws, &arguments).await;
    let shop = Shop { app, issuer, base, table, dynamodb, sqs, inbox_url, instance };
    let anybody = shop.customer();
    eventually("the token issuer's keys are known", PATIENCE, async || {
        (anybody.get("/v1/cart").await.status != StatusCode::SERVICE_UNAVAILABLE).then_some(())
    })
    .await;
    shop
}

impl Shop {
    /// Asks the service to end, and waits until it has.
    pub async fn end(self) -> anyhow::Result<()> {
        match self.instance {
            Instance::Here(process, shutdown) => {
                drop(shutdown);
                process.await.unwrap()
            }
            Instance::Process(process) => process.end().await,
        }
    }

    /// The process, of a service that has one.
    pub fn process(&self) -> &Process {
        match &self.instance {
            Instance::Process(process) => process,
            Instance::Here(..) => unreachable!("this service runs within the test"),
        }
    }

    /// A new customer with a valid token.
    pub fn customer(&self) -> Client {
        let user = UserId::generate();
        let token = self.issuer.token(user, &[Scope::Customer]);
        Client { user, token: Some(token), base: self.base.clone(), http: reqwest::Client::new() }
    }

    /// Somebody with this token, or none.
    pub fn caller(&self, token: Option<String>) -> Client {
        Client { user: UserId::generate(), token, base: self.base.clone(), http: reqwest::Client::new() }
    }

    /// Has the event handled as if it came from the inbox, and panics if that fails.
    pub async fn handle(&self, envelope: Envelope) {
        events::handle::handle(self.app.clone(), envelope.to_json()).await.unwrap();
    }

    /// Puts messages into the inbox.
    pub async fn deliver(&self, bodies: impl IntoIterator<Item = String>) {
        for body in bodies {
            self.sqs.send_message().queue_url(&self.inbox_url).message_body(body).send().await.unwrap();
        }
    }

    /// The catalogue says that `sku` is sold at `minor` cents.
    pub async fn offer(&self, sku: &str, minor: i64) {
        self.handle(product_changed(ProductId::generate(), 1, &[(sku, euro(minor))])).await;
    }

    /// An order of two pieces of `A` at 100 cents, just placed.
    pub async fn placed(&self, customer: &Client) -> OrderId {
        self.offer("A", 100).await;
        customer.put_item("A", 2).await;
        let answer = customer.checkout("pm_card_visa").await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
        answer.body["id"].as_str().unwrap().parse().unwrap()
    }

    /// The same order, with its stock reserved.
    pub async fn awaiting_payment(&self, customer: &Client) -> (OrderId, PaymentId) {
        let id = self.placed(customer).await;
        self.handle(stock_reserved(id, 100)).await;
        (id, self.order(id).await.attempts[0].payment_id)
    }

    /// The same order, paid.
    pub async fn confirmed(&self, customer: &Client) -> (OrderId, PaymentId) {
        let (id, payment_id) = self.awaiting_payment(customer).await;
        self.handle(authorized(id, payment_id, 200)).await;
        assert_eq!(self.order(id).await.state, State::Confirmed);
        (id, payment_id)
    }

    /// The order as it is stored.
    pub async fn order(&self, id: OrderId) -> Order {
        self.app.store.order(id).await.unwrap().unwrap()
    }

    /// The order once it has this status.
    pub async fn eventually(&self, id: OrderId, status: Status) -> Order {
        let probe = async || Some(self.order(id).await).filter(|order| order.state.status() == status);
        eventually(&format!("the order is {}", status.as_str()), PATIENCE, probe).await
    }

    /// Every item of the table.
    pub async fn items(&self) -> Vec<std::collections::HashMap<String, AttributeValue>> {
        let pages = self.dynamodb.scan().table_name(&self.table).consistent_read(true).into_paginator().items().send();
        pages.collect::<Result<_, _>>().await.unwrap()
    }

    /// Every event in the outbox, by the time of its making.
    pub async fn events(&self) -> Vec<Envelope> {
        let items = self.items().await;
        let texts = items.iter().filter_map(|item| item.get("event")?.as_s().ok());
        let mut events: Vec<Envelope> = texts.map(|text| serde_json::from_str(text).unwrap()).collect();
        events.sort_by_key(|envelope| envelope.id);
        events
    }

    /// The kinds of all events, such as `order.placed`, by the time of their making.
    pub async fn published(&self) -> Vec<String> {
        let kind = |envelope: &Envelope| {
            envelope.event.kind().trim_start_matches("shop.order.").trim_end_matches(".v1").to_owned()
        };
        self.events().await.iter().map(kind).collect()
    }
}

/// A client of the API.
pub struct Client {
    pub user: UserId,
    token: Option<String>,
    base: String,
    http: reqwest::Client,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Value,
    pub location: Option<String>,
    pub replayed: bool,
}

impl Answer {
    /// Panics unless it is this problem with this status.
    #[track_caller]
    pub fn is_problem(&self, status: u16, kind: &str) {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(self.body["type"], format!("urn:shop:problem:{kind}"), "{self:?}");
    }

    /// The names of the fields that a problem complains about.
    pub fn wrong_fields(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().into_iter().flatten();
        errors.filter_map(|error| error["field"].as_str()).collect()
    }
}

impl Client {
    /// The same client, whose requests belong to a trace.
    pub fn within(self, trace: TraceContext) -> Self {
        let headers =
            HeaderMap::from_iter([(HeaderName::from_static("traceparent"), trace.to_string().parse().unwrap())]);
        Self { http: reqwest::Client::builder().default_headers(headers).build().unwrap(), ..self }
    }

    /// Sends a request, as it is.
    pub async fn send(&self, method: Method, path: &str, key: Option<&str>, body: Option<&Value>) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (status, location, replayed) = (response.status(), header("Location"), header("Idempotent-Replayed"));
        let text = response.text().await.unwrap();
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() };
        Answer { status, body, location, replayed: replayed.is_some() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None, None).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None, None).await
    }

    pub async fn put_item(&self, sku: &str, quantity: i64) -> Answer {
        let body = json!({ "quantity": quantity });
        self.send(Method::PUT, &format!("/v1/cart/items/{sku}"), None, Some(&body)).await
    }

    /// Orders what is in the cart, under a new key.
    pub async fn checkout(&self, payment_method: &str) -> Answer {
        self.checkout_as(&new_key(), payment_method).await
    }

    pub async fn checkout_as(&self, key: &str, payment_method: &str) -> Answer {
        self.send(Method::POST, "/v1/orders", Some(key), Some(&checkout_body(payment_method))).await
    }

    pub async fn cancel(&self, id: OrderId, key: &str) -> Answer {
        self.send(Method::POST, &format!("/v1/orders/{id}/cancel"), Some(key), None).await
    }

    pub async fn pay(&self, id: OrderId, key: &str, payment_method: &str) -> Answer {
        let body = json!({ "payment_method": payment_method });
        self.send(Method::POST, &format!("/v1/orders/{id}/payment"), Some(key), Some(&body)).await
    }
}

pub fn new_key() -> String {
    EventId::generate().to_string()
}

pub fn checkout_body(payment_method: &str) -> Value {
    json!({
        "payment_method": payment_method,
        "shipping_address": {
            "name": "Ada Lovelace", "line1": "St James's Square 12", "postal_code": "SW1Y 4JH", "city": "London", "country": "GB",
        },
    })
}

pub fn euro(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn envelope(subject: impl ToString, sequence: u64, event: Event) -> Envelope {
    Envelope::new(EventId::generate(), subject, sequence, clock::now(), event)
}

pub fn product_changed(product_id: ProductId, sequence: u64, variants: &[(&str, Money)]) -> Envelope {
    let variant =
        |(sku, price): &(&str, Money)| Variant { sku: sku.parse().unwrap(), name: String::new(), price: *price };
    let variants = variants.iter().map(variant).collect();
    let product = ProductChanged { product_id, name: "Kettle".to_owned(), for_sale: true, variants };
    envelope(product_id, sequence, Event::ProductChanged(product))
}

/// Two pieces of `A` are reserved.
pub fn stock_reserved(order_id: OrderId, minor: i64) -> Envelope {
    let line = ReservedLine { sku: "A".parse().unwrap(), quantity: 2, unit_price: euro(minor) };
    let reservation_id = ReservationId::generate();
    let expires_at = clock::now() + TimeDelta::minutes(15);
    let reserved = StockReserved { order_id, reservation_id, lines: vec![line], expires_at };
    envelope(order_id, 1, Event::StockReserved(reserved))
}

pub fn authorized(order_id: OrderId, payment_id: PaymentId, minor: i64) -> Envelope {
    let authorized = PaymentAuthorized { payment_id, order_id, amount: euro(minor) };
    envelope(payment_id, 1, Event::PaymentAuthorized(authorized))
}

pub fn declined(order_id: OrderId, payment_id: PaymentId) -> Envelope {
    let reason = DeclineReason::InsufficientFunds;
    envelope(payment_id, 1, Event::PaymentDeclined(PaymentDeclined { payment_id, order_id, reason }))
}

pub fn voided(order_id: OrderId, payment_id: PaymentId) -> Envelope {
    envelope(payment_id, 2, Event::PaymentVoided(PaymentVoided { payment_id, order_id }))
}

/// Any other event about an order.
pub fn about(order_id: OrderId, event: Event) -> Envelope {
    envelope(order_id, 2, event)
}
