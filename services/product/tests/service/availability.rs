//! The availability of products in lists, kept by triggers, compared with the one computed from the stock.

use std::sync::atomic::{AtomicBool, Ordering};

use chrono::TimeDelta;
use contracts::OrderId;
use futures::future::join_all;
use product::{
    clock,
    events::order,
    store::{self, Database, Use},
};
use serde_json::json;
use sqlx::{Connection, PgPool};

use super::support::{
    Environment, ResponseExt, Service, cancelled, catalogue, confirmed, inconsistent, placed, product, stock_up,
};

/// Returns the products whose rows in `availability` or `listings` are not those computed from the stock.
async fn wrong(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "with computed as (
             select p.id, p.slug, p.for_sale, p.category, p.folded_name, p.created_at,
                 count(*) filter (where s.available > 0) as skus
             from products p join variants v on v.product_id = p.id join stock s using (sku) group by p.id
         ), expected as (
             select c.id, v.price, lag(v.price, 1, 0::bigint) over (partition by c.id order by v.price), c.category,
                 c.folded_name, c.created_at, c.skus > 0, c.id as sort_id, true as whole_catalogue
             from computed c join (select distinct product_id, price_minor as price from variants) as v
             on v.product_id = c.id where c.for_sale
         ), wrong as (
             select c.id from computed c left join availability a on a.product_id = c.id
             where c.skus <> coalesce(a.skus_in_stock, 0)
             union select id from (table expected except table listings) as missing
             union select product_id from (table listings except table expected) as superfluous
         )
         select slug from wrong join products using (id)",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

/// Returns the pairs of product and word that search does not find, or finds wrongly.
async fn wrong_words(pool: &PgPool) -> Vec<(String, String)> {
    sqlx::query_as(
        "with expected as (
             select p.id, word.lexeme, p.category from products p, unnest(p.search) as word where p.for_sale
         ), present as (
             select product_id, lexeme, category from search_postings
         )
         select id::text, lexeme from (
             (table expected except table present) union (table present except table expected)
         ) as wrong",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn two_orders_that_take_the_last_pieces_of_a_product_at_once_sell_it_out() {
    let environment = Environment::new().await;
    let pool = &environment.pool;
    stock_up(pool, &[product("a", "A", &[("A-1", 100, 1), ("A-2", 200, 1)])]).await;
    // Neither sees the other's change: both are open at the same time.
    let (mut first, mut second) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    let (mut first, mut second) = (first.begin().await.unwrap(), second.begin().await.unwrap());
    let take = "update stock set available = 0, reserved = 1 where sku = $1";
    sqlx::query(take).bind("A-1").execute(&mut *first).await.unwrap();
    let other = async {
        sqlx::query(take).bind("A-2").execute(&mut *second).await.unwrap();
        second.commit().await.unwrap();
    };
    tokio::join!(other, async { first.commit().await.unwrap() });
    let listed: Vec<bool> = sqlx::query_scalar("select in_stock from listings").fetch_all(pool).await.unwrap();
    assert_eq!(listed, [false, false]);
    assert_eq!(wrong(pool).await, [""; 0]);
}

#[tokio::test]
async fn a_reservation_that_sells_nothing_out_does_not_write_availability() {
    let environment = Environment::new().await;
    let (pool, terms) = (&environment.pool, environment.config.terms());
    stock_up(pool, &[product("a", "A", &[("A", 100, 2)])]).await;
    let database = Database::from(store::connect(&environment.config.database.url, Use::Tasks).unwrap());
    let writer = async || {
        let sql = "select a.xmin::text || l.xmin::text from availability a join listings l using (product_id)";
        sqlx::query_scalar::<_, String>(sql).fetch_one(pool).await.unwrap()
    };
    let at_first = writer().await;
    order::handle(&database, &placed(OrderId::generate(), &[("A", 1)]), &terms, clock::now()).await.unwrap();
    assert_eq!(writer().await, at_first);
    order::handle(&database, &placed(OrderId::generate(), &[("A", 1)]), &terms, clock::now()).await.unwrap();
    assert_ne!(writer().await, at_first);
}

#[tokio::test]
async fn availability_is_that_of_the_stock_at_every_moment_of_concurrent_changes() {
    const SKUS: [&str; 6] = ["A-1", "A-2", "B-1", "B-2", "C-1", "C-2"];
    let products = [("a", ["A-1", "A-2"]), ("b", ["B-1", "B-2"]), ("c", ["C-1", "C-2"])]
        .map(|(slug, [one, two])| product(slug, &format!("Tea {slug}"), &[(one, 100, 1), (two, 200, 1)]));
    let service = Service::with(&products).await;
    let (pool, terms) = (&service.environment.pool, service.environment.config.terms());
    let database = Database::from(store::connect(&service.environment.config.database.url, Use::Tasks).unwrap());
    let ended = AtomicBool::new(false);

    // Orders of two SKUs, of two products in either order, that are confirmed, cancelled or left to expire.
    let orders = async |worker: usize| {
        for round in 0..25 {
            let (one, two) = (SKUS[(worker + round) % 6], SKUS[(worker * 5 + round * 3 + 2) % 6]);
            let lines = if one == two { vec![(one, 1)] } else { vec![(one, 1), (two, 1)] };
            let order_id = OrderId::generate();
            let mut events = vec![placed(order_id, &lines)];
            if round % 3 > 0 {
                events.push(confirmed(order_id, &lines));
            }
            if round % 3 > 1 {
                events.push(cancelled(order_id, &lines));
            }
            for event in events {
                order::handle(&database, &event, &terms, clock::now()).await.unwrap();
            }
        }
    };
    let expiry = async || {
        while !ended.load(Ordering::Relaxed) {
            order::end_due(&database, &terms, clock::now() + TimeDelta::hours(1)).await.unwrap();
        }
    };
    let adjustments = async || {
        for round in 0..25 {
            let (sku, delta) = (SKUS[round * 7 % 6], if round % 2 == 0 { 1 } else { -1 });
            // A correction below zero is refused.
            let body = json!({"delta": delta, "reason": "count"});
            let response = service.adjust(sku, &format!("key-{round}"), &body).await;
            assert!(response.status.is_success() || response.status == 422 || response.status == 409, "{response:?}");
        }
    };
    let changes = async || {
        for round in 0..12 {
            let slug = ["a", "b", "c"][round % 3];
            let etag = service.get(&format!("/v1/products/{slug}")).await.etag().to_owned();
            let change = json!({"for_sale": round % 2 == 0, "name": format!("Tea {round}")});
            // The entity tag contains the availability, but only the version counts.
            assert_eq!(service.patch(slug, &etag, &change).await.status, 200);
        }
    };
    let imports = async || {
        for round in 0..6 {
            let mut more = products.to_vec();
            more[round % 3]["description"] = json!(format!("Round {round}"));
            more.push(product(&format!("d{round}"), "Cup", &[(&format!("D{round}"), 300, (round % 2) as u16)]));
            product::import::run(pool, catalogue(&more), clock::now()).await.unwrap();
        }
    };
    let observer = async || {
        let mut moments = 0;
        while !ended.load(Ordering::Relaxed) {
            assert_eq!(wrong(pool).await, [""; 0]);
            moments += 1;
        }
        moments
    };
    let load = async {
        tokio::join!(join_all((0..4).map(orders)), adjustments(), async {
            changes().await;
            imports().await;
        });
        ended.store(true, Ordering::Relaxed);
    };
    let ((), (), moments) = tokio::join!(load, expiry(), observer());
    assert!(moments > 0);
    assert_eq!(wrong(pool).await, [""; 0]);
    assert_eq!(wrong_words(pool).await, []);
    assert_eq!(inconsistent(pool).await, [""; 0]);
}

#[tokio::test]
async fn lists_follow_the_stock() {
    let service = Service::with(&[product("a", "A", &[("A", 100, 0)])]).await;
    let listed = async || {
        let [yes, no] = ["true", "false"].map(|value| format!("/v1/products?in_stock={value}"));
        (service.get(&yes).await.each("slug").len(), service.get(&no).await.each("slug").len())
    };
    assert_eq!(listed().await, (0, 1));
    service.adjust("A", "key-1", &json!({"delta": 2, "reason": "delivery"})).await;
    assert_eq!(listed().await, (1, 0));
    service.adjust("A", "key-2", &json!({"delta": -2, "reason": "damage"})).await;
    assert_eq!(listed().await, (0, 1));
}
