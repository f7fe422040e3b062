use std::collections::BTreeMap;

use serde_json::Value;

use super::support::{ResponseExt, Service, product, stock_up};

const PRODUCTS: usize = 45;

/// Products of which many have the same name, price and age, so that only their ids differ.
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

/// Reads all pages and counts each slug. `between` runs after every page.
async fn read_all(service: &Service, query: &str, mut between: impl AsyncFnMut(usize)) -> BTreeMap<String, usize> {
    let mut seen = BTreeMap::new();
    let mut cursor = String::new();
    for page in 0.. {
        let response = service.get(&format!("/v1/products?{query}&limit=7{cursor}")).await;
        for slug in response.each("slug") {
            *seen.entry(slug.to_owned()).or_default() += 1;
        }
        assert_eq!(response.body.get("facets").is_some(), page == 0, "facets come with the first page");
        let Some(next) = response.body["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
        between(page).await;
    }
    seen
}

#[tokio::test]
async fn all_pages_list_every_product_once_while_products_are_added() {
    let service = Service::with(&teas("a", PRODUCTS)).await;
    let sorts = ["sort=name", "sort=price", "sort=-price", "sort=newest", "q=tea", "q=nubmer", "q=number&sort=price"];
    for (round, query) in sorts.into_iter().enumerate() {
        let seen = read_all(&service, query, async |page| {
            stock_up(&service.environment.pool, &teas(&format!("n{round}x{page}"), 2)).await;
        })
        .await;
        let at_first = seen.iter().filter(|(slug, _)| slug.starts_with("tea-a-"));
        assert_eq!(at_first.count(), PRODUCTS, "{query}");
        assert!(seen.values().all(|times| *times == 1), "{query}: {seen:?}");
    }
}

#[tokio::test]
async fn the_limit_is_the_length_of_a_page() {
    let service = Service::with(&teas("a", 25)).await;
    assert_eq!(service.get("/v1/products").await.each("slug").len(), 20);
    let all = service.get("/v1/products?limit=100").await;
    assert_eq!(all.each("slug").len(), 25);
    assert!(all.body["next_cursor"].is_null());
    let exactly = service.get("/v1/products?limit=25").await;
    assert!(exactly.body["next_cursor"].is_null());
}

#[tokio::test]
async fn a_cursor_of_another_query_is_rejected() {
    let service = Service::with(&teas("a", 25)).await;
    let first = service.get("/v1/products?sort=price&category=tea").await;
    let cursor = first.body["next_cursor"].as_str().unwrap();
    for query in ["sort=price", "sort=-price&category=tea", "sort=price&category=tea&in_stock=true", "q=tea"] {
        let response = service.get(&format!("/v1/products?{query}&cursor={cursor}")).await;
        assert_eq!(response.problem_field(422, "unprocessable"), "cursor", "{query}");
    }
    let other_length = service.get(&format!("/v1/products?sort=price&category=tea&limit=3&cursor={cursor}")).await;
    assert_eq!(other_length.each("slug").len(), 3, "the limit is not part of the query");
}
