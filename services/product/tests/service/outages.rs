//! A database that does not respond.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use contracts::{OrderId, Problem, UserId, auth::Scope};
use product::Error;
use reqwest::Client;
use serde_json::json;
use stack::testing::eventually;
use tokio::{task::JoinSet, time::sleep};

use super::{
    proxy::Proxy,
    support::{Environment, ResponseExt, SOON, Service, confirmed, placed, product, stock, stock_up},
};

/// Time after which everything works again.
const RECOVERY: Duration = Duration::from_secs(10);

/// Concurrent requests: more than the pool has connections.
const CLIENTS: usize = 40;

/// Clients that read the catalogue without a pause.
struct Load {
    succeeded: Arc<AtomicUsize>,
    failed: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    clients: JoinSet<()>,
}

impl Load {
    fn start(service: &Service) -> Self {
        let (succeeded, failed, stop) = (Arc::default(), Arc::default(), Arc::default());
        let mut load = Self { succeeded, failed, stop, clients: JoinSet::new() };
        for _ in 0..CLIENTS {
            let request = service.request(reqwest::Method::GET, "/v1/products/assam");
            let (succeeded, failed, stop) = (load.succeeded.clone(), load.failed.clone(), load.stop.clone());
            load.clients.spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    let status = request.try_clone().unwrap().send().await.unwrap().status();
                    assert!(status == 200 || status == 503, "{status}");
                    let counter = if status == 200 { &succeeded } else { &failed };
                    counter.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        load
    }

    /// Waits until four times as many requests as there are clients have succeeded without a failure.
    async fn until_undisturbed(&self, limit: Duration) {
        let count = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
        let (mut failed, mut succeeded) = (count(&self.failed), count(&self.succeeded));
        eventually("requests succeed", limit, async || {
            if count(&self.failed) > failed {
                (failed, succeeded) = (count(&self.failed), count(&self.succeeded));
            }
            (count(&self.succeeded) > succeeded + 4 * CLIENTS).then_some(())
        })
        .await;
    }

    /// Returns the number of failed requests.
    async fn end(mut self) -> usize {
        self.stop.store(true, Ordering::SeqCst);
        while let Some(client) = self.clients.join_next().await {
            client.unwrap();
        }
        self.failed.load(Ordering::SeqCst)
    }
}

async fn start() -> (Proxy, Service) {
    let mut environment = Environment::new().await;
    stock_up(&environment.pool, &[product("assam", "Assam", &[("ASSAM", 500, 100)])]).await;
    let proxy = Proxy::start(&mut environment).await;
    (proxy, environment.start().await)
}

async fn place(service: &Service) {
    service.environment.deliver(&placed(OrderId::generate(), &[("ASSAM", 1)])).await;
}

async fn until_reserved(service: &Service, pieces: i32, limit: Duration) {
    let reserved = async || (stock(&service.environment.pool, "ASSAM").await[1] == pieces).then_some(());
    eventually("the orders are reserved", limit, reserved).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_die_silently_are_replaced_under_load() {
    let (proxy, service) = start().await;
    let load = Load::start(&service);
    load.until_undisturbed(SOON).await;
    // More than once: a place in the pool that is lost each time would show.
    for round in 1..=2 {
        proxy.freeze();
        place(&service).await;
        // The failures come at the deadline, so that none means nothing yet.
        let before = load.failed.load(Ordering::SeqCst);
        let start = Instant::now();
        eventually("frozen requests fail", RECOVERY, async || {
            (load.failed.load(Ordering::SeqCst) > before).then_some(())
        })
        .await;
        load.until_undisturbed(RECOVERY.saturating_sub(start.elapsed())).await;
        until_reserved(&service, round, SOON).await;
    }
    load.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_stops_for_a_while_costs_only_that_time() {
    let (proxy, service) = start().await;
    let load = Load::start(&service);
    load.until_undisturbed(SOON).await;

    // Within the deadlines, nothing fails.
    proxy.stop(true);
    place(&service).await;
    sleep(Duration::from_secs(1)).await;
    proxy.stop(false);
    load.until_undisturbed(RECOVERY).await;
    assert_eq!(load.failed.load(Ordering::SeqCst), 0);
    until_reserved(&service, 1, RECOVERY).await;

    // Beyond them, requests are refused, and succeed again at once.
    proxy.stop(true);
    place(&service).await;
    sleep(Duration::from_secs(8)).await;
    proxy.stop(false);
    load.until_undisturbed(RECOVERY).await;
    assert!(load.end().await > 0);
    until_reserved(&service, 2, SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_does_not_wait_for_a_database_that_does_not_respond() {
    let (proxy, service) = start().await;
    let load = Load::start(&service);
    load.until_undisturbed(SOON).await;
    place(&service).await;
    proxy.stop(true);
    load.stop.store(true, Ordering::SeqCst);
    let start = Instant::now();
    service.instance.stop().await;
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
}

/// Statement timeouts, deadlocks and the like pass: a client retries 503, and a message is delivered again.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_is_held_for_long_delays_and_loses_nothing() {
    let service = Service::with(&[product("assam", "Assam", &[("ASSAM", 500, 100)])]).await;
    let pool = &service.environment.pool;
    let etag = service.get("/v1/products/assam").await.etag().to_owned();
    let mut operator = pool.begin().await.unwrap();
    sqlx::query("select from stock join products on true for update").execute(&mut *operator).await.unwrap();
    let order_id = OrderId::generate();
    service.environment.deliver(&placed(order_id, &[("ASSAM", 1)])).await;
    service.environment.deliver(&confirmed(order_id, &[("ASSAM", 1)])).await;
    let (adjustment, patch) = (json!({"delta": 1, "reason": "found"}), json!({"name": "Assam tea"}));
    let requests = (service.adjust("ASSAM", "key", &adjustment), service.patch("assam", &etag, &patch));
    let (adjusted, changed) = tokio::join!(requests.0, requests.1);
    adjusted.is_problem(503, "unavailable");
    changed.is_problem(503, "unavailable");
    operator.rollback().await.unwrap();
    eventually("the order is sold", SOON * 2, async || (stock(pool, "ASSAM").await == [99, 0, 1]).then_some(())).await;
}

/// Browsing and administration do not take the connections of orders.
#[tokio::test(flavor = "multi_thread")]
async fn requests_that_hold_all_their_connections_delay_no_order() {
    let environment = Environment::new().await;
    let pool = &environment.pool;
    let products =
        [product("assam", "Assam", &[("ASSAM", 500, 100)]), product("sencha", "Sencha", &[("SENCHA", 500, 100)])];
    stock_up(pool, &products).await;
    let process = environment.start_process(&[]);
    let url = format!("{}/v1/inventory/SENCHA/adjustments", process.base_url().await);
    let mut operator = pool.begin().await.unwrap();
    sqlx::query("select from stock where sku = 'SENCHA' for update").execute(&mut *operator).await.unwrap();
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let request = Client::new().post(&url).json(&json!({"delta": 1, "reason": "found"}));
        let request = request.header("authorization", environment.token(UserId::generate(), &[Scope::Staff]));
        let request = request.header("idempotency-key", format!("key-{client}"));
        clients.spawn(async move {
            loop {
                request.try_clone().unwrap().send().await.unwrap();
            }
        });
    }
    let waiting = "select count(*) from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'";
    eventually("requests hold their connections", SOON, async || {
        (sqlx::query_scalar::<_, i64>(waiting).fetch_one(pool).await.unwrap() >= 20).then_some(())
    })
    .await;
    for order in 1..=4 {
        environment.deliver(&placed(OrderId::generate(), &[("ASSAM", 1)])).await;
        let reserved = async || (stock(pool, "ASSAM").await[1] == order).then_some(());
        eventually("the order is reserved", SOON, reserved).await;
    }
    assert_eq!(process.logged("message not handled, retried later"), [] as [serde_json::Value; 0]);
    clients.shutdown().await;
}

/// The codes of conflicts, timeouts, a failover and a lack of resources.
#[tokio::test]
async fn a_transient_error_of_the_database_is_a_response_that_is_retried() {
    let Environment { pool, .. } = Environment::new().await;
    let status = async |code: &str| {
        let raise = format!("do $$ begin raise exception 'x' using errcode = '{code}'; end $$");
        let error = sqlx::raw_sql(sqlx::AssertSqlSafe(raise)).execute(&pool).await.unwrap_err();
        Problem::from(Error::Database(error)).status
    };
    for code in ["40001", "40P01", "55P03", "57014", "25006", "53100", "53300", "57P01", "57P03"] {
        assert_eq!(status(code).await, 503, "{code}");
    }
    for code in ["23505", "42P01", "22003", "XX000"] {
        assert_eq!(status(code).await, 500, "{code}");
    }
}
