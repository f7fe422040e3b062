//! Every route of the topology with every kind of caller that has no business there, and with input that no route takes
//! (I10).

use aws_sdk_kms::{
    primitives::Blob,
    types::{MessageType, SigningAlgorithmSpec},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use contracts::ProblemType;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use stack::{
    api::{Client, Response, new_key},
    provision::keys::SIGNING_KEY_ALIAS,
    topology::Topology,
};
use tests::{
    Shop, Shopper,
    people::{Stock, checkout_body},
};
use tokio::sync::OnceCell;

async fn shop() -> &'static Shop {
    static SHOP: OnceCell<Shop> = OnceCell::const_new();
    SHOP.get_or_init(|| Shop::start("access", &[])).await
}

struct Route {
    method: Method,
    path: String,
    scopes: Option<Vec<String>>,
}

fn routes() -> Vec<Route> {
    let routes = Topology::load().unwrap().routes.into_iter().map(|route| Route {
        method: route.method().parse().unwrap(),
        path: route.path().replace("{sku}", "TEST-ACCESS").replace("{id}", "ord_0123456789abcdef0123456789abcdef"),
        scopes: route.scopes,
    });
    routes.collect()
}

async fn status(caller: &Shopper, route: &Route) -> StatusCode {
    let request = caller.request(route.method.clone(), &route.path).header("idempotency-key", new_key());
    Response::to(request.json(&json!({}))).await.status
}

/// A token like a good one, but for what `change` does to its claims, signed with the shop's own key.
async fn forged(shop: &Shop, good: &str, change: impl FnOnce(&mut Value)) -> String {
    let kms = aws_sdk_kms::Client::new(&shop.aws_config());
    let mut parts = good.split('.');
    let header = parts.next().unwrap();
    let mut claims: Value =
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(parts.next().unwrap()).unwrap()).unwrap();
    change(&mut claims);
    let message = format!("{header}.{}", BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()));
    let sign =
        kms.sign().key_id(SIGNING_KEY_ALIAS).message(Blob::new(message.as_bytes())).message_type(MessageType::Raw);
    let signed = sign.signing_algorithm(SigningAlgorithmSpec::RsassaPkcs1V15Sha256).send().await.unwrap();
    format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signed.signature().unwrap()))
}

#[tokio::test]
async fn a_token_of_ones_own_making_works_only_with_good_claims() {
    let shop = shop().await;
    let ada = shop.shopper().await;
    let unchanged = ada.with_token(forged(shop, &ada.token, |_| {}).await);
    unchanged.get("/v1/cart").await.expect(200);
    let expired = ada.with_token(
        forged(shop, &ada.token, |claims| claims["exp"] = json!(claims["iat"].as_i64().unwrap() - 1)).await,
    );
    let foreign = ada.with_token(forged(shop, &ada.token, |claims| claims["aud"] = json!("another-api")).await);
    for route in routes().iter().filter(|route| route.scopes.is_some()) {
        assert_eq!(status(&expired, route).await, StatusCode::UNAUTHORIZED, "expired: {} {}", route.method, route.path);
        assert_eq!(
            status(&foreign, route).await,
            StatusCode::UNAUTHORIZED,
            "another audience: {} {}",
            route.method,
            route.path
        );
    }
}

#[tokio::test]
async fn every_route_that_is_not_public_wants_a_token_with_its_scope() {
    let shop = shop().await;
    let ada = shop.shopper().await;
    let unsigned = ada.with_token("nonsense");
    let powerless = ada.with_token(forged(shop, &ada.token, |claims| claims["scope"] = json!("window-shopper")).await);
    for route in routes() {
        let Some(scopes) = &route.scopes else { continue };
        let bare = Response::to(shop.anonymous().request(route.method.clone(), &route.path)).await;
        assert_eq!(bare.status, StatusCode::UNAUTHORIZED, "no token: {} {}", route.method, route.path);
        assert_eq!(
            status(&unsigned, &route).await,
            StatusCode::UNAUTHORIZED,
            "no JWT: {} {}",
            route.method,
            route.path
        );
        assert_eq!(
            status(&powerless, &route).await,
            StatusCode::FORBIDDEN,
            "no scope: {} {}",
            route.method,
            route.path
        );
        if !scopes.iter().any(|scope| scope == "customer") {
            assert_eq!(
                status(&ada, &route).await,
                StatusCode::FORBIDDEN,
                "a customer: {} {}",
                route.method,
                route.path
            );
        }
    }
}

#[tokio::test]
async fn services_behind_the_public_api_check_tokens_themselves() {
    let shop = shop().await;
    let urls = &shop.record()["urls"]["services"];
    for (service, path) in [("order", "/v1/cart"), ("product", "/v1/inventory/TEST-ACCESS")] {
        let service = Client::new(urls[service].as_str().unwrap()).unwrap();
        service.get(path).await.unwrap().expect_problem(ProblemType::Unauthenticated);
        service.with_token("nonsense").get(path).await.unwrap().expect_problem(ProblemType::Unauthenticated);
    }
}

#[tokio::test]
async fn input_that_no_route_takes_names_the_field_and_changes_nothing() {
    let shop = shop().await;
    let (ada, staff) = tokio::join!(shop.shopper(), shop.staff());
    let tea = shop.stocked(&staff, "TEST-ACCESS", 10).await;
    ada.put_in_cart(&tea, 1).await;
    let cart = ada.get("/v1/cart").await.expect(200);

    let long = "x".repeat(100_000);
    let account = |key: &str, value: Value| {
        let mut body =
            json!({ "email": "eve@example.com", "password": "a long enough one", "name": "Eve", "locale": "en" });
        body[key] = value;
        body
    };
    let checkout = |key: &str, value: Value| {
        let mut body = checkout_body("pm_card_visa");
        body[key] = value;
        body
    };
    let mut incomplete = checkout_body("")["shipping_address"].clone();
    incomplete["country"] = json!("Atlantis");
    let price =
        |currency: &str, minor: Value| json!({ "prices": { "TEST-ACCESS": { "minor": minor, "currency": currency } } });
    let product = staff.0.get("/v1/products?q=Access+test+teapot").await.expect(200)["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let product = format!("/v1/products/{product}");

    for (caller, method, path, body, field) in [
        (&ada, Method::POST, "/v1/users", account("role", json!("admin")), "role"),
        (&ada, Method::POST, "/v1/users", account("email", json!("not an address")), "email"),
        (&ada, Method::POST, "/v1/users", account("password", json!(17)), "password"),
        (&ada, Method::POST, "/v1/users", account("name", json!("x".repeat(5000))), "name"),
        (
            &ada,
            Method::POST,
            "/v1/auth/token",
            json!({ "grant_type": "password", "email": 1, "password": "x" }),
            "email",
        ),
        (&ada, Method::PATCH, "/v1/users/me", json!({ "scopes": ["admin"] }), "scopes"),
        (&ada, Method::PUT, "/v1/cart/items/TEST-ACCESS", json!({ "quantity": -1 }), "quantity"),
        (&ada, Method::PUT, "/v1/cart/items/TEST-ACCESS", json!({ "quantity": 0 }), "quantity"),
        (&ada, Method::PUT, "/v1/cart/items/TEST-ACCESS", json!({ "quantity": "two" }), "quantity"),
        (&ada, Method::PUT, "/v1/cart/items/TEST-ACCESS", json!({ "quantity": 1, "unit_price": 1 }), "unit_price"),
        (&ada, Method::POST, "/v1/orders", checkout("total", json!({ "minor": 1, "currency": "EUR" })), "total"),
        (&ada, Method::POST, "/v1/orders", checkout("payment_method", json!("4242424242424242")), "payment_method"),
        (&ada, Method::POST, "/v1/orders", checkout("shipping_address", incomplete), "shipping_address.country"),
        (
            &staff.0,
            Method::POST,
            "/v1/inventory/TEST-ACCESS/adjustments",
            json!({ "delta": "many", "reason": "x" }),
            "delta",
        ),
        (
            &staff.0,
            Method::POST,
            "/v1/inventory/TEST-ACCESS/adjustments",
            json!({ "delta": 1, "reason": "x", "sold": 3 }),
            "sold",
        ),
        (&staff.0, Method::PATCH, &product, price("EURO", json!(1)), "prices"),
        (&staff.0, Method::PATCH, &product, price("EUR", json!(1.5)), "prices"),
    ] {
        let request =
            caller.request(method.clone(), path).header("idempotency-key", new_key()).header("if-match", "\"1-0\"");
        let answer = Response::to(request.json(&body)).await;
        let problem = answer.expect_problem(ProblemType::InvalidRequest);
        let named = problem.errors.iter().any(|error| error.field.starts_with(field));
        assert!(named, "{method} {path} {body}: {problem:?}");
    }
    for (method, path) in
        [(Method::POST, "/v1/users"), (Method::POST, "/v1/orders"), (Method::PUT, "/v1/cart/items/TEST-ACCESS")]
    {
        let request = ada.request(method.clone(), path).header("idempotency-key", new_key());
        let answer = Response::to(request.json(&json!({ "padding": long }))).await;
        assert!(matches!(answer.status.as_u16(), 400 | 413), "{method} {path}: {answer:?}");
    }

    assert_eq!(ada.get("/v1/cart").await.expect(200), cart);
    assert!(ada.get("/v1/orders").await.expect(200)["items"].as_array().unwrap().is_empty());
    assert_eq!(staff.stock(&tea).await, Stock::of(10, 0, 0));
}
