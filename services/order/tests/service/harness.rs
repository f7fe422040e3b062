//! The service on a free port with its own table and queues, its customers, and the events of its neighbors.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::Message;
use axum::http::StatusCode;
use chrono::{SecondsFormat, TimeDelta};
use clap::Parser;
use contracts::{Envelope, Event, OrderId, PaymentId, ProductId, TraceContext, UserId, auth::Scope, http::TokenKeys};
use order::{
    AppState, Config, clock,
    domain::{Order, State, Status},
    events::{self, queue::Outcome},
    store::Store,
};
use reqwest::Method;
use serde_json::{Value, json};
pub use stack::api::new_key;
use stack::{
    api::{self, Response},
    testing::{Aws, DynamoDbFault, FaultyAws, ServiceProcess, TokenIssuer, eventually},
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::{NoContext, Timestamp, Uuid};

pub use super::neighbors::*;

/// Limit of every wait: enough for a busy machine.
pub const LIMIT: Duration = Duration::from_secs(30);

pub type Item = HashMap<String, AttributeValue>;

/// A running service.
pub struct Service {
    pub app: AppState,
    pub issuer: TokenIssuer,
    base_url: String,
    table: String,
    dynamodb: aws_sdk_dynamodb::Client,
    pub sqs: aws_sdk_sqs::Client,
    pub inbox_url: String,
    instance: Instance,
}

enum Instance {
    /// A task of the test process.
    Task(JoinHandle<anyhow::Result<()>>, DropGuard),
    /// A child process.
    Process(ServiceProcess),
}

/// Starts the service with long deadlines.
pub async fn start() -> Service {
    start_with(&[]).await
}

/// Starts the service with other settings.
pub async fn start_with(settings: &[(&str, &str)]) -> Service {
    let run = async |aws: &Aws, arguments: &[String]| {
        let config = Config::parse_from(arguments);
        let (sdk, shutdown) = (aws.sdk_config(), CancellationToken::new());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn({
            let shutdown = shutdown.clone();
            async move { order::run(config, &sdk, listener, shutdown).await }
        });
        (base_url, Instance::Task(task, shutdown.drop_guard()))
    };
    // The futures of the SDK are too large for the stack of a test.
    Box::pin(launch(settings, run)).await
}

/// Starts the service with a DynamoDB in which the next `times` transactions fail.
pub async fn start_with_failing_transactions(fault: DynamoDbFault, times: usize) -> (Service, FaultyAws) {
    let proxy = FaultyAws::start(&stack::testing::aws().await, "TransactWriteItems", fault, times).await;
    let (url, settings) = (proxy.url.clone(), [("--sweep-interval-seconds", "86400")]);
    let run = async |_: &Aws, arguments: &[String]| {
        let config = Config::parse_from(arguments);
        let (sdk, shutdown) = (stack::emulator::sdk_config(&url), CancellationToken::new());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let token = shutdown.clone();
        let task = tokio::spawn(async move { order::run(config, &sdk, listener, token).await });
        (base_url, Instance::Task(task, shutdown.drop_guard()))
    };
    (Box::pin(launch(&settings, run)).await, proxy)
}

/// Starts the service as a child process, with other settings and further environment variables.
pub async fn start_process(settings: &[(&str, &str)], environment: &[(&str, &str)]) -> Service {
    let run = async |aws: &Aws, arguments: &[String]| {
        let process = ServiceProcess::start(env!("CARGO_BIN_EXE_order"), aws, &arguments[1..], environment);
        (process.base_url().await, Instance::Process(process))
    };
    Box::pin(launch(settings, run)).await
}

async fn launch(settings: &[(&str, &str)], run: impl AsyncFnOnce(&Aws, &[String]) -> (String, Instance)) -> Service {
    let aws: Aws = stack::testing::aws().await;
    let issuer = stack::testing::token_issuer().await;
    let table = aws.create_table("order").await;
    let inbox_url = aws.create_queue("order-inbox").await;

    let mut arguments = vec![
        ("--order-table", table.as_str()),
        ("--order-inbox-url", &inbox_url),
        ("--token-issuer", issuer.url()),
        ("--long-poll-seconds", "1"),
        ("--offer-cache-seconds", "0"),
        ("--sweep-interval-seconds", "86400"),
    ];
    arguments.retain(|(name, _)| settings.iter().all(|(other, _)| other != name));
    arguments.extend(settings);
    let arguments = arguments.iter().flat_map(|(name, value)| [*name, *value]);
    let arguments: Vec<String> = ["order"].into_iter().chain(arguments).map(str::to_owned).collect();
    let config = Config::parse_from(&arguments);

    let sdk = aws.sdk_config();
    let (dynamodb, sqs) = (aws_sdk_dynamodb::Client::new(&sdk), aws_sdk_sqs::Client::new(&sdk));
    let store = Store::new(dynamodb.clone(), table.clone(), Duration::ZERO);
    let app = AppState::new(store, config.rules(), TokenKeys::channel().1);
    let (base_url, instance) = run(&aws, &arguments).await;
    let service = Service { app, issuer, base_url, table, dynamodb, sqs, inbox_url, instance };
    let customer = service.customer();
    eventually("the token issuer's keys are loaded", LIMIT, async || {
        (customer.get("/v1/cart").await.status != StatusCode::SERVICE_UNAVAILABLE).then_some(())
    })
    .await;
    service
}

impl Service {
    /// Shuts the service down and waits until it has ended.
    pub async fn end(self) -> anyhow::Result<()> {
        match self.instance {
            Instance::Task(task, shutdown) => {
                drop(shutdown);
                task.await.unwrap()
            }
            Instance::Process(process) => process.terminate().await,
        }
    }

    /// Returns the child process of a service that [`start_process`] started.
    pub fn process(&self) -> &ServiceProcess {
        match &self.instance {
            Instance::Process(process) => process,
            Instance::Task(..) => unreachable!("this service is a task"),
        }
    }

    /// Returns a new customer with a valid token.
    pub fn customer(&self) -> Customer {
        let user = UserId::generate();
        Customer { user, ..self.caller(Some(self.issuer.token(user, &[Scope::Customer]))) }
    }

    /// Returns a caller with this token, or without any.
    pub fn caller(&self, token: Option<String>) -> Customer {
        let client = api::Client::new(&self.base_url).unwrap();
        let client = token.map_or(client.clone(), |token| client.with_token(token));
        Customer { user: UserId::generate(), client, trace: None }
    }

    /// Handles the event as if it were received from the inbox. Panics if that fails.
    pub async fn handle(&self, envelope: Envelope) {
        assert_eq!(self.outcome(envelope).await, Outcome::Done);
    }

    /// Returns the outcome of the event.
    pub async fn outcome(&self, envelope: Envelope) -> Outcome {
        Box::pin(events::handle::handle(self.app.clone(), envelope.to_json())).await
    }

    /// Sends messages to the inbox.
    pub async fn deliver(&self, bodies: impl IntoIterator<Item = String>) {
        for body in bodies {
            self.sqs.send_message().queue_url(&self.inbox_url).message_body(body).send().await.unwrap();
        }
    }

    /// Returns body and reason of the messages in the inbox's dead-letter queue.
    pub async fn dead_letters(&self) -> Vec<(String, String)> {
        let receive = self.sqs.receive_message().queue_url(format!("{}-dlq", self.inbox_url));
        let receive = receive.max_number_of_messages(10).message_attribute_names("All").visibility_timeout(0);
        let messages = receive.send().await.unwrap().messages.unwrap_or_default();
        let letter = |message: Message| {
            let reason = message.message_attributes.unwrap_or_default().remove("reason").and_then(|it| it.string_value);
            (message.body.unwrap_or_default(), reason.unwrap_or_default())
        };
        messages.into_iter().map(letter).collect()
    }

    /// Adds a product with the variant `sku` at `minor` cents to the catalogue.
    pub async fn offer(&self, sku: &str, minor: i64) {
        self.handle(product_changed(ProductId::generate(), 1, &[(sku, euro(minor))])).await;
    }

    /// Places an order of two pieces of `A` at 100 cents.
    pub async fn placed(&self, customer: &Customer) -> OrderId {
        self.offer("A", 100).await;
        customer.put_item("A", 2).await;
        let body = customer.checkout("pm_card_visa").await.expect(202);
        body["id"].as_str().unwrap().parse().unwrap()
    }

    /// Places the same order, and reserves its stock.
    pub async fn awaiting_payment(&self, customer: &Customer) -> (OrderId, PaymentId) {
        let id = self.placed(customer).await;
        self.handle(stock_reserved(id, 100)).await;
        (id, self.order(id).await.attempts[0].payment_id)
    }

    /// Places the same order, and authorizes its payment.
    pub async fn confirmed(&self, customer: &Customer) -> (OrderId, PaymentId) {
        let (id, payment_id) = self.awaiting_payment(customer).await;
        self.handle(authorized(id, payment_id, 200)).await;
        assert_eq!(self.order(id).await.state, State::Confirmed);
        (id, payment_id)
    }

    /// Returns the order as stored.
    pub async fn order(&self, id: OrderId) -> Order {
        self.app.store.order(id).await.unwrap().unwrap()
    }

    /// Returns the order once it has this status.
    pub async fn eventually(&self, id: OrderId, status: Status) -> Order {
        let probe = async || Some(self.order(id).await).filter(|order| order.state.status() == status);
        eventually(&format!("the order is {}", status.as_str()), LIMIT, probe).await
    }

    /// Sets an attribute of the stored order, as another version of the service would.
    pub async fn set_attribute(&self, id: OrderId, name: &str, value: AttributeValue) {
        let mut item = self.item(id).await;
        item.insert(name.to_owned(), value);
        self.dynamodb.put_item().table_name(&self.table).set_item(Some(item)).send().await.unwrap();
    }

    /// Deletes all items of the table, as if it were lost and created again.
    pub async fn lose_items(&self) {
        for mut item in self.items().await {
            item.retain(|name, _| name == "pk" || name == "sk");
            self.dynamodb.delete_item().table_name(&self.table).set_key(Some(item)).send().await.unwrap();
        }
    }

    /// Moves the next request of the order's first obligation into the past.
    pub async fn make_overdue(&self, id: OrderId) {
        let mut order = self.order(id).await;
        let overdue = clock::now() - TimeDelta::seconds(1);
        order.owed[0].ask_again_at = overdue;
        let owed = serde_dynamo::to_attribute_value(&order.owed).unwrap();
        self.set_attribute(id, "owed", owed).await;
        let due = format!("{}#{}", overdue.to_rfc3339_opts(SecondsFormat::Millis, true), order.state.status().as_str());
        self.set_attribute(id, "deadline_sk", AttributeValue::S(due)).await;
    }

    /// Stores a copy of the order that was placed earlier by `age`, which its id shows.
    pub async fn copy_as_older(&self, id: OrderId, age: TimeDelta) -> OrderId {
        let seconds = (clock::now() - age).timestamp().cast_unsigned();
        let older = OrderId::from(Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, 0)));
        let mut item = self.item(id).await;
        for (name, value) in [("pk", format!("ORDER#{older}")), ("id", older.to_string())] {
            item.insert(name.to_owned(), AttributeValue::S(value));
        }
        self.dynamodb.put_item().table_name(&self.table).set_item(Some(item)).send().await.unwrap();
        older
    }

    /// Stores a copy of another service's order.
    pub async fn copy_from(&self, other: &Self, id: OrderId) {
        let item = other.item(id).await;
        self.dynamodb.put_item().table_name(&self.table).set_item(Some(item)).send().await.unwrap();
    }

    async fn item(&self, id: OrderId) -> Item {
        let is_order = |item: &Item| item["pk"].as_s().is_ok_and(|pk| *pk == format!("ORDER#{id}"));
        self.items().await.into_iter().find(is_order).unwrap()
    }

    /// Returns the order once it has this version.
    pub async fn eventually_version(&self, id: OrderId, version: u64) -> Order {
        let probe = async || Some(self.order(id).await).filter(|order| order.version == version);
        eventually(&format!("the order has version {version}"), LIMIT, probe).await
    }

    /// Returns the number of calls of an action of DynamoDB on the table.
    pub async fn calls(&self, action: &str) -> u64 {
        let aws = api::Client::new(stack::testing::aws().await.endpoint()).unwrap();
        let meters = aws.get("/_shop/calls").await.unwrap().expect(200);
        meters[format!("dynamodb {action} {}", self.table)]["calls"].as_u64().unwrap_or(0)
    }

    /// Returns all items of the table.
    pub async fn items(&self) -> Vec<Item> {
        let pages = self.dynamodb.scan().table_name(&self.table).consistent_read(true).into_paginator().items().send();
        pages.collect::<Result<_, _>>().await.unwrap()
    }

    /// Returns all events of orders in the outbox, by creation time.
    pub async fn events(&self) -> Vec<Envelope> {
        let mut events = self.outbox().await;
        events.retain(|envelope| !matches!(envelope.event, Event::CatalogueRequested(_)));
        events
    }

    /// Returns all events in the outbox, by creation time.
    pub async fn outbox(&self) -> Vec<Envelope> {
        let items = self.items().await;
        let texts = items.iter().filter_map(|item| item.get("event")?.as_s().ok());
        let mut events: Vec<Envelope> = texts.map(|text| serde_json::from_str(text).unwrap()).collect();
        events.sort_by_key(|envelope| envelope.id);
        events
    }

    /// Returns the types of all events in the outbox, such as `placed`, by creation time.
    pub async fn published(&self) -> Vec<String> {
        let short_type = |envelope: &Envelope| {
            envelope.event.kind().trim_start_matches("shop.order.").trim_end_matches(".v1").to_owned()
        };
        self.events().await.iter().map(short_type).collect()
    }
}

/// A client of the API.
pub struct Customer {
    pub user: UserId,
    client: api::Client,
    trace: Option<TraceContext>,
}

/// True for the stored response to an earlier request.
pub fn is_replayed(response: &Response) -> bool {
    response.header("idempotent-replayed") == Some("true")
}

impl Customer {
    /// Returns the same customer, whose requests belong to a trace.
    pub fn within(self, trace: TraceContext) -> Self {
        Self { trace: Some(trace), ..self }
    }

    /// Sends a request.
    pub async fn send(&self, method: Method, path: &str, key: Option<&str>, body: Option<&Value>) -> Response {
        let mut request = self.client.request(method, path);
        if let Some(trace) = &self.trace {
            request = request.header("traceparent", trace.to_string());
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        Response::to(request).await
    }

    pub async fn get(&self, path: &str) -> Response {
        self.send(Method::GET, path, None, None).await
    }

    pub async fn delete(&self, path: &str) -> Response {
        self.send(Method::DELETE, path, None, None).await
    }

    pub async fn put_item(&self, sku: &str, quantity: i64) -> Response {
        let body = json!({ "quantity": quantity });
        self.send(Method::PUT, &format!("/v1/cart/items/{sku}"), None, Some(&body)).await
    }

    /// Orders the cart with a new key.
    pub async fn checkout(&self, payment_method: &str) -> Response {
        self.checkout_with_key(&new_key(), payment_method).await
    }

    pub async fn checkout_with_key(&self, key: &str, payment_method: &str) -> Response {
        self.send(Method::POST, "/v1/orders", Some(key), Some(&checkout_body(payment_method))).await
    }

    pub async fn cancel(&self, id: OrderId, key: &str) -> Response {
        self.send(Method::POST, &format!("/v1/orders/{id}/cancel"), Some(key), None).await
    }

    pub async fn pay(&self, id: OrderId, key: &str, payment_method: &str) -> Response {
        let body = json!({ "payment_method": payment_method });
        self.send(Method::POST, &format!("/v1/orders/{id}/payment"), Some(key), Some(&body)).await
    }
}

pub fn checkout_body(payment_method: &str) -> Value {
    json!({ "payment_method": payment_method, "shipping_address": api::shipping_address() })
}
