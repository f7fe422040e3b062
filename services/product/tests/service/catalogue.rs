use reqwest::{Method, StatusCode};
use serde_json::json;

use super::support::{ResponseExt, Service, placed, product, send, stock_up};
use contracts::OrderId;

#[tokio::test]
async fn a_product_is_found_by_id_and_by_slug() {
    let service = Service::with(&[product("earl-grey", "Earl Grey", &[("TEA-1", 900, 3), ("TEA-2", 500, 0)])]).await;
    let by_slug = service.get("/v1/products/earl-grey").await;
    assert_eq!(by_slug.status, StatusCode::OK);
    let id = by_slug.body["id"].as_str().unwrap();
    assert_eq!(service.get(&format!("/v1/products/{id}")).await.body, by_slug.body);
    assert_eq!(
        by_slug.body,
        json!({
            "id": id, "slug": "earl-grey", "name": "Earl Grey", "description": "", "category": "tea",
            "for_sale": true, "version": 1,
            "variants": [
                {"sku": "TEA-1", "name": "", "price": {"minor": 900, "currency": "EUR"}, "in_stock": true},
                {"sku": "TEA-2", "name": "", "price": {"minor": 500, "currency": "EUR"}, "in_stock": false},
            ],
        })
    );
}

#[tokio::test]
async fn unknown_paths_and_ids_are_not_found() {
    let service = Service::new().await;
    for path in [
        "/v1/products/no-such",
        "/v1/products/prd_0198c5f2000070008000000000000000",
        "/v1/products/NOT%20A%20SLUG",
        "/v1/products/nul%00",
        "/v1/nothing",
    ] {
        service.get(path).await.is_problem(404, "not-found");
    }
    send(service.request(Method::DELETE, "/v1/products")).await.is_problem(405, "method-not-allowed");
}

#[tokio::test]
async fn the_etag_changes_with_the_availability() {
    let service = Service::with(&[product("earl-grey", "Earl Grey", &[("TEA-1", 900, 2)])]).await;
    let first = service.get("/v1/products/earl-grey").await;
    let ask_again = async || {
        let request = service.request(Method::GET, "/v1/products/earl-grey").header("if-none-match", first.etag());
        send(request).await
    };
    assert_eq!(ask_again().await.status, StatusCode::NOT_MODIFIED);

    let entire_stock = placed(OrderId::generate(), &[("TEA-1", 2)]);
    let terms = service.environment.config.terms();
    let database = product::store::Database::from(service.environment.pool.clone());
    product::events::order::handle(&database, &entire_stock, &terms, product::clock::now()).await.unwrap();
    let response = ask_again().await;
    assert_eq!(response.status, StatusCode::OK);
    assert_eq!(response.body["variants"][0]["in_stock"], false);
    assert_ne!(response.etag(), first.etag());
}

#[tokio::test]
async fn categories_have_the_number_of_products_for_sale() {
    let mut mug = product("mug", "Mug", &[("MUG", 700, 1)]);
    mug["category"] = json!("tools");
    let teas = [product("assam", "Assam", &[("A", 1, 1)]), product("sencha", "Sencha", &[("S", 1, 1)])];
    let service = Service::with(&[&[mug.clone()], &teas[..]].concat()).await;
    let expected = |tools, tea| {
        json!({"items": [
            {"slug": "tools", "name": "Kitchen tools", "products": tools},
            {"slug": "tea", "name": "Tea", "products": tea},
        ]})
    };
    assert_eq!(service.get("/v1/categories").await.body, expected(1, 2));

    let etag = service.get("/v1/products/assam").await.etag().to_owned();
    assert_eq!(service.patch("assam", &etag, &json!({"for_sale": false})).await.status, StatusCode::OK);
    assert_eq!(service.get("/v1/categories").await.body, expected(1, 1));

    mug["category"] = json!("tea");
    stock_up(&service.environment.pool, &[mug]).await;
    assert_eq!(service.get("/v1/categories").await.body, expected(0, 2));
}

#[tokio::test]
async fn the_service_is_alive_and_ready() {
    let service = Service::new().await;
    assert_eq!(service.get("/health/live").await.status, StatusCode::OK);
    assert_eq!(service.get("/health/ready").await.status, StatusCode::OK);
}
