//! A database that does not respond.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use contracts::OrderId;
use stack::testing::eventually;
use tokio::{task::JoinSet, time::sleep};

use super::{
    proxy::Proxy,
    support::{Environment, SOON, Service, placed, product, stock, stock_up},
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

    /// Waits until as many requests as there are clients, and ten times more, have succeeded without a failure.
    async fn until_undisturbed(&self, limit: Duration) {
        let count = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
        let (mut failed, mut succeeded) = (count(&self.failed), count(&self.succeeded));
        eventually("requests succeed", limit, async || {
            if count(&self.failed) > failed {
                (failed, succeeded) = (count(&self.failed), count(&self.succeeded));
            }
            (count(&self.succeeded) > succeeded + 10 * CLIENTS).then_some(())
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
    sleep(Duration::from_secs(2)).await;
    proxy.stop(false);
    load.until_undisturbed(Duration::from_secs(4)).await;
    assert_eq!(load.failed.load(Ordering::SeqCst), 0);
    until_reserved(&service, 1, RECOVERY).await;

    // Beyond them, requests are refused, and succeed again at once.
    proxy.stop(true);
    place(&service).await;
    sleep(Duration::from_secs(8)).await;
    proxy.stop(false);
    load.until_undisturbed(Duration::from_secs(4)).await;
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
