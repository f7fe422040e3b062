use contracts::Event;
use futures::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::support::{Environment, ResponseExt, Service, product, send, stock_up, unpublished};

async fn service() -> Service {
    Service::with(&[product("assam", "Assam", &[("A-50", 500, 1), ("A-500", 3900, 1)])]).await
}

#[tokio::test]
async fn a_patch_changes_only_the_given_fields() {
    let service = service().await;
    let before = service.get("/v1/products/assam").await;
    let patch = json!({"name": "Assam, second flush", "prices": {"A-50": {"minor": 450, "currency": "EUR"}}});
    let after = service.patch("assam", before.etag(), &patch).await;
    assert_eq!(after.status, StatusCode::OK);
    let mut expected = before.body.clone();
    expected["name"] = json!("Assam, second flush");
    expected["variants"][0]["price"]["minor"] = json!(450);
    expected["version"] = json!(2);
    assert_eq!(after.body, expected);
    assert_eq!(service.get("/v1/products/assam").await.etag(), after.etag());
    assert_eq!(service.get("/v1/products?q=flush&max_price=450").await.each("slug"), ["assam"]);
}

#[tokio::test]
async fn every_change_publishes_one_snapshot() {
    let environment = Environment::new().await;
    stock_up(&environment.pool, &[product("assam", "Assam", &[("A-50", 500, 1)])]).await;
    let service = environment.start().await;
    let first = service.get("/v1/products/assam").await;
    let same = service.patch("assam", first.etag(), &json!({"name": "Assam"})).await;
    assert_eq!((same.status, same.etag()), (StatusCode::OK, first.etag()));
    let second = service.patch("assam", first.etag(), &json!({"for_sale": false})).await;
    assert_eq!(second.body["version"], 2);

    let events = service.environment.topic.published_at_least(2, super::support::SOON).await;
    let mut snapshots: Vec<_> = events
        .iter()
        .map(|envelope| match &envelope.event {
            Event::ProductChanged(product) => (envelope.sequence, product.for_sale, product.variants.len()),
            other => panic!("{other:?}"),
        })
        .collect();
    snapshots.sort_unstable();
    assert_eq!(snapshots, [(1, true, 1), (2, false, 1)]);
    assert!(unpublished(&service.environment.pool).await.is_empty());
}

#[tokio::test]
async fn only_one_of_concurrent_changes_to_a_version_succeeds() {
    let service = service().await;
    let etag = service.get("/v1/products/assam").await.etag().to_owned();
    let names: Vec<_> = (0..10).map(|n| json!({"name": format!("Assam {n}")})).collect();
    let responses = join_all(names.iter().map(|patch| service.patch("assam", &etag, patch))).await;
    assert_eq!(responses.iter().filter(|response| response.status == StatusCode::OK).count(), 1);
    for response in responses.iter().filter(|response| response.status != StatusCode::OK) {
        assert_eq!(response.problem_field(412, "precondition-failed"), "if-match");
    }
    assert_eq!(service.get("/v1/products/assam").await.body["version"], 2);
}

#[tokio::test]
async fn a_change_requires_the_etag_of_the_product() {
    let service = service().await;
    let request = || service.request(Method::PATCH, "/v1/products/assam").header("authorization", &service.admin);
    let body = json!({"name": "X"});
    assert_eq!(send(request().json(&body)).await.problem_field(428, "precondition-required"), "if-match");
    for etag in ["*", "7", "\"x\"", "W/\"1-1\""] {
        let response = service.patch("assam", etag, &body).await;
        assert_eq!(response.problem_field(400, "invalid-request"), "if-match", "{etag}");
    }
    service.patch("no-such", "\"1-1\"", &body).await.is_problem(404, "not-found");
}

#[tokio::test]
async fn an_invalid_change_is_rejected_and_changes_nothing() {
    let service = service().await;
    let before = service.get("/v1/products/assam").await;
    let price = |minor: i64, currency: &str| json!({"minor": minor, "currency": currency});
    for (patch, field) in [
        (json!({"name": ""}), "name"),
        (json!({"name": "two\nlines"}), "name"),
        (json!({"name": 7}), "name"),
        (json!({"description": "x".repeat(4001)}), "description"),
        (json!({"for_sale": "yes"}), "for_sale"),
        (json!({"version": 9}), "version"),
        (json!({"prices": {"A-50": price(-1, "EUR")}}), "prices.A-50"),
        (json!({"prices": {"A-50": price(0, "EUR")}}), "prices.A-50"),
        (json!({"prices": {"A-50": {"minor": 1.5, "currency": "EUR"}}}), "prices.A-50.minor"),
        (json!({"prices": {"A-50": price(1, "EURO")}}), "prices.A-50.currency"),
    ] {
        let response = service.patch("assam", before.etag(), &patch).await;
        assert_eq!(response.problem_field(400, "invalid-request"), field, "{patch}");
    }
    for (patch, field) in [
        (json!({"prices": {"A-50": price(1, "USD")}}), "prices.A-50"),
        (json!({"prices": {"A-50": price(1, "XYZ")}}), "prices.A-50"),
        (json!({"name": "X", "prices": {"A-9": price(1, "EUR")}}), "prices.A-9"),
    ] {
        let response = service.patch("assam", before.etag(), &patch).await;
        assert_eq!(response.problem_field(422, "unprocessable"), field, "{patch}");
    }
    assert_eq!(service.get("/v1/products/assam").await.body, before.body);
}
