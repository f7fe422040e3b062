use std::collections::BTreeMap;

use serde_json::Value;

use super::support::{Service, product, stock_up};

const PRODUCTS: usize = 45;

/// Products of which many are equal in name, price and age, so that only their ids tell them apart.
fn teas(generation: &str, count: usize) -> Vec<Value> {
    let tea = |n: usize| {
        let price = i64::try_from(n % 4 + 1).unwrap() * 100;
        product(
            &format!("tea-{generation}-{n}"),
            &format!("Tea number {}", n % 5),
            &[(&format!("T{}-{n}", generation.to_uppercase()), price, 1)],
        )
    };
    (0..count).map(tea).collect()
}

/// Reads to the end, and counts how often each slug came. `between` runs after every page.
async fn read_all(service: &Service, query: &str, mut between: impl AsyncFnMut(usize)) -> BTreeMap<String, usize> {
    let mut seen = BTreeMap::new();
    let mut cursor = String::new();
    for page in 0.. {
        let answer = service.get(&format!("/v1/products?{query}&limit=7{cursor}")).await;
        for slug in answer.each("slug") {
            *seen.entry(slug.to_owned()).or_default() += 1;
        }
        assert_eq!(answer.body.get("facets").is_some(), page == 0, "facets come with the first page");
        let Some(next) = answer.body["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
        between(page).await;
    }
    seen
}

#[tokio::test]
async fn every_order_covers_everything_once_also_while_products_are_added() {
    let service = Service::with(&teas("a", PRODUCTS)).await;
    let sorts = ["sort=name", "sort=price", "sort=-price", "sort=newest", "q=tea", "q=nubmer", "q=number&sort=price"];
    for (round, query) in sorts.into_iter().enumerate() {
        let seen = read_all(&service, query, async |page| {
            stock_up(&service.place.pool, &teas(&format!("n{round}x{page}"), 2)).await;
        })
        .await;
        let at_first = seen.iter().filter(|(slug, _)| slug.starts_with("tea-a-"));
        assert_eq!(at_first.count(), PRODUCTS, "{query}");
        assert!(seen.values().all(|times| *times == 1), "{query}: {seen:?}");
    }
}

#[tokio::test]
async fn a_page_is_as_long_as_asked() {
    let service = Service::with(&teas("a", 25)).await;
    assert_eq!(service.get("/v1/products").await.each("slug").len(), 20);
    let all = service.get("/v1/products?limit=100").await;
    assert_eq!(all.each("slug").len(), 25);
    assert!(all.body["next_cursor"].is_null());
    let exactly = service.get("/v1/products?limit=25").await;
    assert!(exactly.body["next_cursor"].is_null());
}

#[tokio::test]
async fn a_cursor_of_another_query_is_refused() {
    let service = Service::with(&teas("a", 25)).await;
    let first = service.get("/v1/products?sort=price&category=tea").await;
    let cursor = first.body["next_cursor"].as_str().unwrap();
    for query in ["sort=price", "sort=-price&category=tea", "sort=price&category=tea&in_stock=true", "q=tea"] {
        let answer = service.get(&format!("/v1/products?{query}&cursor={cursor}")).await;
        assert_eq!(answer.problem(400, "invalid-request"), "cursor", "{query}");
    }
    let other_length = service.get(&format!("/v1/products?sort=price&category=tea&limit=3&cursor={cursor}")).await;
    assert_eq!(other_length.each("slug").len(), 3, "the length of a page is no part of the question");
}
