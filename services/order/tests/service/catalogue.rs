use std::time::Duration;

use contracts::{Envelope, Event, ProductId, Sku};
use futures::future::join_all;
use order::domain::Status;
use stack::testing::eventually;

use super::harness::{LIMIT, Service, euro, product_changed, start, start_with};

/// Returns the price of `sku` in the catalogue projection, if it is for sale.
async fn price(service: &Service, sku: &str) -> Option<i64> {
    let sku: Sku = sku.parse().unwrap();
    let offers = service.app.store.offers([&sku]).await.unwrap();
    offers.get(&sku).filter(|offer| offer.for_sale).map(|offer| offer.price.minor)
}

#[tokio::test]
async fn an_old_snapshot_does_not_replace_a_newer_one() {
    let service = start().await;
    let product = ProductId::generate();
    service.handle(product_changed(product, 3, &[("A", euro(300))])).await;
    service.handle(product_changed(product, 2, &[("A", euro(200)), ("B", euro(200))])).await;
    service.handle(product_changed(product, 3, &[("A", euro(999))])).await;
    assert_eq!((price(&service, "A").await, price(&service, "B").await), (Some(300), None));
    service.handle(product_changed(product, 4, &[("A", euro(400)), ("B", euro(400))])).await;
    assert_eq!((price(&service, "A").await, price(&service, "B").await), (Some(400), Some(400)));
}

#[tokio::test]
async fn of_concurrently_handled_snapshots_the_newest_remains() {
    let service = start().await;
    for _ in 0..5 {
        let product = ProductId::generate();
        let mut snapshots: Vec<Envelope> = (1..=5)
            .map(|sequence| match sequence % 2 {
                0 => product_changed(product, sequence, &[("A", euro(1)), ("B", euro(1))]),
                _ => product_changed(product, sequence, &[("A", euro(sequence as i64))]),
            })
            .collect();
        snapshots.reverse();
        join_all(snapshots.into_iter().map(|snapshot| service.handle(snapshot))).await;
        assert_eq!((price(&service, "A").await, price(&service, "B").await), (Some(5), None));
    }
}

#[tokio::test]
async fn a_large_catalog_is_projected() {
    const PRODUCTS: usize = 200;
    let service = start().await;
    let snapshots: Vec<String> = (0..PRODUCTS)
        .map(|number| {
            let names = ["S", "M", "L"].map(|size| format!("P-{number}-{size}"));
            let variants: Vec<_> = names.iter().map(|name| (name.as_str(), euro(100))).collect();
            product_changed(ProductId::generate(), 1, &variants).to_json()
        })
        .collect();
    service.deliver(snapshots).await;
    let skus: Vec<Sku> = (0..PRODUCTS).map(|number| format!("P-{number}-L").parse().unwrap()).collect();
    eventually("all products are projected", Duration::from_secs(60), async || {
        let mut projected = 0;
        for skus in skus.chunks(100) {
            projected += service.app.store.offers(skus).await.unwrap().len();
        }
        (projected == PRODUCTS).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_catalogue_is_requested_once_for_a_new_table_and_again_for_a_lost_one() {
    let service = start_with(&[("--sweep-interval-seconds", "1"), ("--stock-deadline-seconds", "1")]).await;
    let requests = async || {
        let events = service.outbox().await;
        events.iter().filter(|envelope| matches!(envelope.event, Event::CatalogueRequested(_))).count()
    };
    eventually("the catalogue is requested", LIMIT, async || (requests().await == 1).then_some(())).await;
    // Once a later sweep has cancelled an order, it has not requested the catalogue again.
    let id = service.placed(&service.customer()).await;
    service.eventually(id, Status::Cancelled).await;
    assert_eq!(requests().await, 1);
    service.lose_items().await;
    eventually("the catalogue is requested again", LIMIT, async || (requests().await == 1).then_some(())).await;
}
