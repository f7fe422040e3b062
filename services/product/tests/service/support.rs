//! A running service, and what tests say to it.

use std::time::Duration;

use aws_config::SdkConfig;
use clap::Parser;
use contracts::{
    Currency, Envelope, Event, EventId, Money, OrderId, Sku, UserId,
    auth::Scope,
    event::order::{
        CancellationReason, OrderCancelled, OrderConfirmed, OrderLine, OrderPlaced, OrderRejected, RejectionReason,
        WantedLine,
    },
};
use product::{
    Config, clock,
    config::Database,
    domain::catalogue::{Catalogue, CatalogueFile},
    import::{self, Report},
    store::{self, Use},
};
use reqwest::{Client, Method, RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use sqlx::PgPool;
use stack::testing::{self, Aws, TokenIssuer, TopicProbe};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::process::Process;

/// How long a test waits for what should come at once.
pub const SOON: Duration = Duration::from_secs(20);

/// Where a service would run: everything but the service.
pub struct Place {
    pub config: Config,
    pub pool: PgPool,
    pub topic: TopicProbe,
    pub sdk: SdkConfig,
    aws: Aws,
    arguments: Vec<String>,
    issuer: TokenIssuer,
}

impl Place {
    /// A fresh place, with a migrated, empty database.
    pub async fn new() -> Self {
        let aws = testing::aws().await;
        let (topic, queue, url, issuer) = tokio::join!(
            aws.create_topic(),
            aws.create_queue("product-inbox"),
            testing::database(),
            testing::token_issuer()
        );
        let arguments = vec![
            "--listen-addr=127.0.0.1:0".to_owned(),
            format!("--database-url={url}"),
            format!("--product-events-topic-arn={}", topic.arn),
            format!("--product-inbox-url={queue}"),
            format!("--token-issuer={}", issuer.url()),
        ];
        let config = Config::parse_from(["product".to_owned()].iter().chain(&arguments));
        let Database { url, .. } = &config.database;
        let pool = store::connect(url, Use::Serve).unwrap();
        store::migrate(&pool).await.unwrap();
        Self { config, pool, topic, sdk: aws.sdk_config(), aws, arguments, issuer }
    }

    /// Starts the service as a process of its own. These environment variables win over the place's settings.
    pub async fn start_process(&self, environment: &[(&str, &str)]) -> Process {
        let is_replaced = |argument: &&String| {
            let name = argument.trim_start_matches("--").split('=').next().unwrap().replace('-', "_").to_uppercase();
            environment.iter().any(|(other, _)| *other == name)
        };
        let settings = self.arguments.iter().filter(|argument| !is_replaced(argument)).cloned();
        let arguments: Vec<String> = ["serve".to_owned()].into_iter().chain(settings).collect();
        Process::start(&arguments, &self.aws, environment).await
    }

    /// What a client sends as `authorization`.
    pub fn token(&self, user: UserId, scopes: &[Scope]) -> String {
        format!("Bearer {}", self.issuer.token(user, scopes))
    }

    /// The same, expired.
    pub fn expired_token(&self, user: UserId, scopes: &[Scope]) -> String {
        format!("Bearer {}", self.issuer.expired_token(user, scopes))
    }

    /// Starts the service.
    pub async fn start(self) -> Service {
        let instance = Instance::start(&self).await;
        let token = |scope| self.token(UserId::generate(), &[scope]);
        let [customer, staff, admin] = [Scope::Customer, Scope::Staff, Scope::Admin].map(token);
        let service = Service { customer, staff, admin, client: Client::new(), place: self, instance };
        service.until_ready().await;
        service
    }
}

/// A running instance, which ends when dropped.
pub struct Instance {
    base: String,
    ended: JoinHandle<anyhow::Result<()>>,
    shutdown: DropGuard,
}

impl Instance {
    pub async fn start(place: &Place) -> Self {
        let listener = TcpListener::bind(place.config.listen_addr).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (config, sdk, shutdown) = (place.config.clone(), place.sdk.clone(), CancellationToken::new());
        let token = shutdown.clone();
        let ended = tokio::spawn(async move { product::run(config, &sdk, listener, token).await });
        Self { base, ended, shutdown: shutdown.drop_guard() }
    }

    /// Ends it as SIGTERM does, and waits until it has ended.
    pub async fn stop(self) {
        let Self { ended, shutdown, .. } = self;
        drop(shutdown);
        tokio::time::timeout(SOON, ended).await.unwrap().unwrap().unwrap();
    }
}

/// A running service.
pub struct Service {
    pub customer: String,
    pub staff: String,
    pub admin: String,
    pub client: Client,
    pub place: Place,
    pub instance: Instance,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Service {
    pub async fn new() -> Self {
        Place::new().await.start().await
    }

    /// A service with these products.
    pub async fn with(products: &[Value]) -> Self {
        let place = Place::new().await;
        stock_up(&place.pool, products).await;
        place.start().await
    }

    /// Waits until the issuer's keys are known: until then, a valid token gets 503.
    async fn until_ready(&self) {
        testing::eventually("the issuer's keys are known", SOON, async || {
            let answer = self.get_as(&self.staff, "/v1/inventory/NO-SUCH-SKU").await;
            (answer.status == StatusCode::NOT_FOUND).then_some(())
        })
        .await;
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.instance.base))
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub async fn get_as(&self, token: &str, path: &str) -> Answer {
        send(self.request(Method::GET, path).header("authorization", token)).await
    }

    /// Adjusts stock as staff.
    pub async fn adjust(&self, sku: &str, key: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, &format!("/v1/inventory/{sku}/adjustments"));
        send(request.header("authorization", &self.staff).header("idempotency-key", key).json(body)).await
    }

    /// Changes a product as an administrator.
    pub async fn patch(&self, product: &str, etag: &str, body: &Value) -> Answer {
        let request = self.request(Method::PATCH, &format!("/v1/products/{product}"));
        send(request.header("authorization", &self.admin).header("if-match", etag).json(body)).await
    }
}

pub async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.unwrap();
    Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::Null) }
}

impl Answer {
    /// Asserts a problem of this kind, and returns the field that it names.
    #[track_caller]
    pub fn problem(&self, status: u16, kind: &str) -> &str {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(self.body["type"], format!("urn:shop:problem:{kind}"), "{self:?}");
        assert_eq!(self.headers["content-type"], "application/problem+json");
        self.body["errors"][0]["field"].as_str().unwrap_or_default()
    }

    /// The value of a text field of each item.
    #[track_caller]
    pub fn each(&self, field: &str) -> Vec<&str> {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        self.body["items"].as_array().unwrap().iter().map(|item| item[field].as_str().unwrap()).collect()
    }

    pub fn etag(&self) -> &str {
        self.headers["etag"].to_str().unwrap()
    }
}

/// A product of a catalogue file, in the category `tea`, with SKUs as (sku, minor units, stock).
pub fn product(slug: &str, name: &str, variants: &[(&str, i64, u16)]) -> Value {
    let variants: Vec<_> = variants
        .iter()
        .map(|(sku, minor, stock)| {
            json!({"sku": sku, "name": "", "price": {"minor": minor, "currency": "EUR"}, "stock": stock})
        })
        .collect();
    json!({"slug": slug, "name": name, "description": "", "category": "tea", "variants": variants})
}

pub fn catalogue(products: &[Value]) -> Catalogue {
    let categories = json!([{"slug": "tea", "name": "Tea"}, {"slug": "tools", "name": "Kitchen tools"}]);
    let file: CatalogueFile = serde_json::from_value(json!({"categories": categories, "products": products})).unwrap();
    Catalogue::try_from(file).unwrap()
}

/// Imports products.
pub async fn stock_up(pool: &PgPool, products: &[Value]) -> Report {
    import::run(pool, catalogue(products), clock::now()).await.unwrap()
}

/// Available, reserved, sold.
pub async fn stock(pool: &PgPool, sku: &str) -> [i32; 3] {
    let level = store::stock::level(pool, &sku.parse().unwrap()).await.unwrap().unwrap();
    [level.available, level.reserved, level.sold]
}

/// SKUs whose stock is not what the ledger says; and whose reserved or sold pieces are not what orders hold.
pub async fn inconsistent(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "select s.sku from stock s
         where (s.available, s.reserved, s.sold) is distinct from (
             select (sum(m.available)::int, sum(m.reserved)::int, sum(m.sold)::int) from movements m where m.sku = s.sku
         ) or (s.reserved, s.sold) is distinct from (
             select (coalesce(sum(l.quantity) filter (where r.state = 'reserved'), 0)::int,
                 coalesce(sum(l.quantity) filter (where r.state = 'committed'), 0)::int)
             from reservation_lines l join reservations r using (order_id) where l.sku = s.sku
         )",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

fn envelope(order: OrderId, sequence: u64, event: Event) -> Envelope {
    Envelope::new(EventId::generate(), order, sequence, clock::now(), event)
}

fn order_lines(lines: &[(&str, u32)]) -> Vec<OrderLine> {
    let line = |&(sku, quantity): &(&str, u32)| OrderLine {
        sku: sku.parse::<Sku>().unwrap(),
        name: String::new(),
        quantity,
        unit_price: Money::new(1, Currency::EUR),
    };
    lines.iter().map(line).collect()
}

/// An order is placed: its event number 1.
pub fn placed(order_id: OrderId, lines: &[(&str, u32)]) -> Envelope {
    let lines = lines.iter().map(|(sku, quantity)| WantedLine { sku: sku.parse().unwrap(), quantity: *quantity });
    let event = OrderPlaced { order_id, user_id: UserId::generate(), lines: lines.collect() };
    envelope(order_id, 1, Event::OrderPlaced(event))
}

/// An order is confirmed: its event number 3.
pub fn confirmed(order_id: OrderId, lines: &[(&str, u32)]) -> Envelope {
    let (lines, total) = (order_lines(lines), Money::new(1, Currency::EUR));
    let event = OrderConfirmed { order_id, user_id: UserId::generate(), lines, total };
    envelope(order_id, 3, Event::OrderConfirmed(event))
}

/// An order is rejected: its event number 2.
pub fn rejected(order_id: OrderId, lines: &[(&str, u32)]) -> Envelope {
    let (lines, reason) = (order_lines(lines), RejectionReason::PriceIncreased);
    let event = OrderRejected { order_id, user_id: UserId::generate(), reason, lines };
    envelope(order_id, 2, Event::OrderRejected(event))
}

/// An order is cancelled: its event number 4.
pub fn cancelled(order_id: OrderId, lines: &[(&str, u32)]) -> Envelope {
    let (lines, reason) = (order_lines(lines), CancellationReason::Requested);
    let event = OrderCancelled { order_id, user_id: UserId::generate(), reason, lines };
    envelope(order_id, 4, Event::OrderCancelled(event))
}

/// The events in the outbox, in the order of their making.
pub async fn waiting(pool: &PgPool) -> Vec<Envelope> {
    let rows: Vec<String> = sqlx::query_scalar("select event from outbox order by id").fetch_all(pool).await.unwrap();
    rows.iter().map(|event| serde_json::from_str(event).unwrap()).collect()
}

/// The types of the events in the outbox that are about orders, without `shop.product.` and the version.
pub async fn answers(pool: &PgPool) -> Vec<String> {
    let kind = |envelope: Envelope| envelope.event.kind().split('.').nth(2).unwrap_or_default().to_owned();
    waiting(pool).await.into_iter().map(kind).filter(|kind| kind != "changed").collect()
}
