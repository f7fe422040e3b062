//! The running service, and a client of it.

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
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;
use stack::testing::{self, Aws, Response, ServiceProcess, TokenIssuer, TopicProbe};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Time limit for effects that take milliseconds.
pub const SOON: Duration = Duration::from_secs(20);

/// Everything that the service needs, without the service.
pub struct Environment {
    pub config: Config,
    pub pool: PgPool,
    pub topic: TopicProbe,
    pub sdk: SdkConfig,
    aws: Aws,
    arguments: Vec<String>,
    issuer: TokenIssuer,
}

impl Environment {
    /// Creates an environment with a migrated, empty database.
    pub async fn new() -> Self {
        let aws = testing::aws().await;
        let (topic, inbox, reservations, url, issuer) = tokio::join!(
            aws.create_topic(),
            aws.create_queue("product-inbox"),
            aws.create_queue("product-reservations"),
            testing::database(),
            testing::token_issuer()
        );
        let arguments = vec![
            "--listen-addr=127.0.0.1:0".to_owned(),
            format!("--database-url={url}"),
            format!("--product-events-topic-arn={}", topic.arn),
            format!("--product-inbox-url={inbox}"),
            format!("--product-reservations-url={reservations}"),
            format!("--token-issuer={}", issuer.url()),
            "--long-poll-seconds=1".to_owned(),
        ];
        let config = Config::parse_from(["product".to_owned()].iter().chain(&arguments));
        let Database { url, .. } = &config.database;
        let pool = store::connect(url, Use::Requests).unwrap();
        store::migrate(&pool).await.unwrap();
        Self { config, pool, topic, sdk: aws.sdk_config(), aws, arguments, issuer }
    }

    /// Starts the service as a child process. `variables` override the settings of the environment.
    pub fn start_process(&self, variables: &[(&str, &str)]) -> ServiceProcess {
        let is_replaced = |argument: &&String| {
            let name = argument.trim_start_matches("--").split('=').next().unwrap().replace('-', "_").to_uppercase();
            variables.iter().any(|(other, _)| *other == name)
        };
        let settings = self.arguments.iter().filter(|argument| !is_replaced(argument)).cloned();
        let arguments: Vec<String> = ["serve".to_owned()].into_iter().chain(settings).collect();
        ServiceProcess::start(env!("CARGO_BIN_EXE_product"), &self.aws, &arguments, variables)
    }

    /// Sends an event to the queue that subscribes to it.
    pub async fn deliver(&self, envelope: &Envelope) {
        let is_new = matches!(envelope.event, Event::OrderPlaced(_));
        let queue = if is_new { &self.config.product_reservations_url } else { &self.config.product_inbox_url };
        let sqs = aws_sdk_sqs::Client::new(&self.sdk);
        sqs.send_message().queue_url(queue).message_body(envelope.to_json()).send().await.unwrap();
    }

    /// Returns a value of the header `authorization`.
    pub fn token(&self, user: UserId, scopes: &[Scope]) -> String {
        format!("Bearer {}", self.issuer.token(user, scopes))
    }

    /// Returns an expired value of the header `authorization`.
    pub fn expired_token(&self, user: UserId, scopes: &[Scope]) -> String {
        format!("Bearer {}", self.issuer.expired_token(user, scopes))
    }

    /// Starts the service within the test process.
    pub async fn start(self) -> Service {
        let instance = Instance::start(&self).await;
        let token = |scope| self.token(UserId::generate(), &[scope]);
        let [customer, staff, admin] = [Scope::Customer, Scope::Staff, Scope::Admin].map(token);
        let service = Service { customer, staff, admin, client: Client::new(), environment: self, instance };
        service.until_ready().await;
        service
    }
}

/// Running instance, which ends when dropped.
pub struct Instance {
    base: String,
    ended: JoinHandle<anyhow::Result<()>>,
    shutdown: DropGuard,
}

impl Instance {
    pub async fn start(environment: &Environment) -> Self {
        let listener = TcpListener::bind(environment.config.listen_addr).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (config, sdk, shutdown) = (environment.config.clone(), environment.sdk.clone(), CancellationToken::new());
        let token = shutdown.clone();
        let ended = tokio::spawn(async move { product::run(config, &sdk, listener, token).await });
        Self { base, ended, shutdown: shutdown.drop_guard() }
    }

    /// Shuts down as SIGTERM does, and waits for the end.
    pub async fn stop(self) {
        let Self { ended, shutdown, .. } = self;
        drop(shutdown);
        tokio::time::timeout(SOON, ended).await.unwrap().unwrap().unwrap();
    }
}

/// Running service with its environment and tokens.
pub struct Service {
    pub customer: String,
    pub staff: String,
    pub admin: String,
    pub client: Client,
    pub environment: Environment,
    pub instance: Instance,
}

impl Service {
    pub async fn new() -> Self {
        Environment::new().await.start().await
    }

    /// Starts a service with these products.
    pub async fn with(products: &[Value]) -> Self {
        let environment = Environment::new().await;
        stock_up(&environment.pool, products).await;
        environment.start().await
    }

    /// Waits for the issuer's keys: until then, the response to a valid token is 503.
    async fn until_ready(&self) {
        testing::eventually("the issuer's keys are known", SOON, async || {
            let response = self.get_as(&self.staff, "/v1/inventory/NO-SUCH-SKU").await;
            (response.status == StatusCode::NOT_FOUND).then_some(())
        })
        .await;
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.instance.base))
    }

    pub async fn get(&self, path: &str) -> Response {
        send(self.request(Method::GET, path)).await
    }

    pub async fn get_as(&self, token: &str, path: &str) -> Response {
        send(self.request(Method::GET, path).header("authorization", token)).await
    }

    /// Adjusts stock as staff.
    pub async fn adjust(&self, sku: &str, key: &str, body: &Value) -> Response {
        let request = self.request(Method::POST, &format!("/v1/inventory/{sku}/adjustments"));
        send(request.header("authorization", &self.staff).header("idempotency-key", key).json(body)).await
    }

    /// Changes a product as an administrator.
    pub async fn patch(&self, product: &str, etag: &str, body: &Value) -> Response {
        let request = self.request(Method::PATCH, &format!("/v1/products/{product}"));
        send(request.header("authorization", &self.admin).header("if-match", etag).json(body)).await
    }
}

pub async fn send(request: RequestBuilder) -> Response {
    Response::to(request).await
}

pub trait ResponseExt {
    /// Asserts a problem of this kind, and returns the first field that it names.
    fn problem_field(&self, status: u16, kind: &str) -> &str;

    /// Returns the value of a text field of each item.
    fn each(&self, field: &str) -> Vec<&str>;

    fn etag(&self) -> &str;
}

impl ResponseExt for Response {
    #[track_caller]
    fn problem_field(&self, status: u16, kind: &str) -> &str {
        self.is_problem(status, kind);
        self.wrong_fields().first().copied().unwrap_or_default()
    }

    #[track_caller]
    fn each(&self, field: &str) -> Vec<&str> {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        self.body["items"].as_array().unwrap().iter().map(|item| item[field].as_str().unwrap()).collect()
    }

    fn etag(&self) -> &str {
        self.header("etag").unwrap()
    }
}

/// Product of a catalogue file, in the category `tea`, with variants as (SKU, minor units, stock).
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

/// Returns available, reserved and sold pieces.
pub async fn stock(pool: &PgPool, sku: &str) -> [i32; 3] {
    let mut connection = pool.acquire().await.unwrap();
    let level = store::stock::level(&mut connection, &sku.parse().unwrap()).await.unwrap().unwrap();
    [level.available, level.reserved, level.sold]
}

/// Returns the SKUs whose stock differs from the sums of the ledger or from the pieces that orders hold.
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

/// Event 1 of an order.
pub fn placed(order_id: OrderId, lines: &[(&str, u32)]) -> Envelope {
    let lines = lines.iter().map(|(sku, quantity)| WantedLine { sku: sku.parse().unwrap(), quantity: *quantity });
    let event = OrderPlaced { order_id, user_id: UserId::generate(), lines: lines.collect(), deadline: None };
    envelope(order_id, 1, Event::OrderPlaced(event))
}

/// Event 3 of an order.
pub fn confirmed(order_id: OrderId, lines: &[(&str, u32)]) -> Envelope {
    let (lines, total) = (order_lines(lines), Money::new(1, Currency::EUR));
    let event = OrderConfirmed { order_id, user_id: UserId::generate(), lines, total };
    envelope(order_id, 3, Event::OrderConfirmed(event))
}

/// Event 2 of an order.
pub fn rejected(order_id: OrderId, lines: &[(&str, u32)]) -> Envelope {
    let (lines, reason) = (order_lines(lines), RejectionReason::PriceIncreased);
    let event = OrderRejected { order_id, user_id: UserId::generate(), reason, lines };
    envelope(order_id, 2, Event::OrderRejected(event))
}

/// Event 4 of an order.
pub fn cancelled(order_id: OrderId, lines: &[(&str, u32)]) -> Envelope {
    let (lines, reason) = (order_lines(lines), CancellationReason::Requested);
    let event = OrderCancelled { order_id, user_id: UserId::generate(), reason, lines };
    envelope(order_id, 4, Event::OrderCancelled(event))
}

/// Returns the events in the outbox, oldest first.
pub async fn unpublished(pool: &PgPool) -> Vec<Envelope> {
    let rows: Vec<String> = sqlx::query_scalar("select event from outbox order by id").fetch_all(pool).await.unwrap();
    rows.iter().map(|event| serde_json::from_str(event).unwrap()).collect()
}

/// Returns the types of the unpublished events about orders, such as `stock_reserved`.
pub async fn outcomes(pool: &PgPool) -> Vec<String> {
    let kind = |envelope: Envelope| envelope.event.kind().split('.').nth(2).unwrap_or_default().to_owned();
    unpublished(pool).await.into_iter().map(kind).filter(|kind| kind != "changed").collect()
}
