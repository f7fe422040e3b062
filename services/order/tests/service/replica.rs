use std::time::{Duration, Instant};

use contracts::{Envelope, ProductId, Sku};
use futures::future::join_all;
use order::events;
use stack::testing::eventually;

use super::harness::{Shop, euro, product_changed, shop};

/// The price of `sku` in the replica, if it is for sale.
async fn price(shop: &Shop, sku: &str) -> Option<i64> {
    let sku: Sku = sku.parse().unwrap();
    let offers = shop.app.store.offers([&sku]).await.unwrap();
    offers.get(&sku).filter(|offer| offer.for_sale).map(|offer| offer.price.minor)
}

#[tokio::test]
async fn an_old_snapshot_does_not_undo_a_new_one() {
    let shop = shop().await;
    let product = ProductId::generate();
    shop.handle(product_changed(product, 3, &[("A", euro(300))])).await;
    shop.handle(product_changed(product, 2, &[("A", euro(200)), ("B", euro(200))])).await;
    shop.handle(product_changed(product, 3, &[("A", euro(999))])).await;
    assert_eq!((price(&shop, "A").await, price(&shop, "B").await), (Some(300), None));
    shop.handle(product_changed(product, 4, &[("A", euro(400)), ("B", euro(400))])).await;
    assert_eq!((price(&shop, "A").await, price(&shop, "B").await), (Some(400), Some(400)));
}

#[tokio::test]
async fn snapshots_that_are_handled_at_once_end_as_the_newest() {
    let shop = shop().await;
    for _ in 0..5 {
        let product = ProductId::generate();
        let mut snapshots: Vec<Envelope> = (1..=5)
            .map(|sequence| match sequence % 2 {
                0 => product_changed(product, sequence, &[("A", euro(1)), ("B", euro(1))]),
                _ => product_changed(product, sequence, &[("A", euro(sequence as i64))]),
            })
            .collect();
        snapshots.reverse();
        let handled = join_all(snapshots.iter().map(|it| events::handle::handle(shop.app.clone(), it.to_json()))).await;
        handled.into_iter().for_each(Result::unwrap);
        assert_eq!((price(&shop, "A").await, price(&shop, "B").await), (Some(5), None));
    }
}

#[tokio::test]
async fn a_catalogue_is_taken_over_within_seconds() {
    const PRODUCTS: usize = 200;
    let shop = shop().await;
    let snapshots: Vec<String> = (0..PRODUCTS)
        .map(|number| {
            let names = ["S", "M", "L"].map(|size| format!("P-{number}-{size}"));
            let variants: Vec<_> = names.iter().map(|name| (name.as_str(), euro(100))).collect();
            product_changed(ProductId::generate(), 1, &variants).to_json()
        })
        .collect();
    let started = Instant::now();
    shop.deliver(snapshots).await;
    let skus: Vec<Sku> = (0..PRODUCTS).map(|number| format!("P-{number}-L").parse().unwrap()).collect();
    eventually("all of the catalogue is known", Duration::from_secs(60), async || {
        let mut known = 0;
        for skus in skus.chunks(100) {
            known += shop.app.store.offers(skus).await.unwrap().len();
        }
        (known == PRODUCTS).then_some(())
    })
    .await;
    println!("{PRODUCTS} products of 3 variants: {:?}", started.elapsed());
}
