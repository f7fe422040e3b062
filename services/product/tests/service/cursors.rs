//! Cursors made by hand. A cursor is opaque to clients, but every client can decode one, change it and encode it again.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::support::{Service, product};

/// Values that are valid JSON, and nonsense at most places of a cursor.
fn nonsense() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(1e39),
        json!(-1e308),
        json!(""),
        json!("tea"),
        json!("\0"),
        json!("t\0a"),
        json!("a".repeat(500)),
        json!("ffffffff-ffff-ffff-ffff-ffffffffffff"),
        json!("0000-01-01T00:00:00Z"),
        json!("-262143-01-01T00:00:00Z"),
        json!("+262142-12-31T23:59:59Z"),
        json!([]),
        json!({}),
        json!({ "name": "x" }),
        json!({ "name": "\0" }),
        json!({ "price": 1 }),
        json!({ "rank": 0.5 }),
        json!({ "age": "-262143-01-01T00:00:00Z" }),
        json!({ "age": "2026-01-02T03:04:05Z" }),
    ]
}

/// `original` with nonsense at one place, for every place and every nonsense.
fn corruptions(original: &Value) -> Vec<Value> {
    let mut corrupted = nonsense();
    if let Value::Object(members) = original {
        for (name, member) in members {
            let with = |value| Value::Object(members.clone().into_iter().chain([(name.clone(), value)]).collect());
            corrupted.extend(corruptions(member).into_iter().map(with));
            let mut rest = members.clone();
            rest.remove(name);
            corrupted.push(Value::Object(rest));
        }
    }
    corrupted
}

#[tokio::test]
async fn a_cursor_made_by_hand_is_never_a_server_error() {
    let teas: Vec<_> = (0..3).map(|n| product(&format!("tea-{n}"), "Tea", &[(&format!("T-{n}"), 100, 1)])).collect();
    let service = Service::with(&teas).await;
    service.adjust("T-0", "key-1", &json!({ "delta": 1, "reason": "delivery" })).await;
    let lists = [
        "/v1/products?limit=1&sort=name",
        "/v1/products?limit=1&sort=price",
        "/v1/products?limit=1&sort=-price",
        "/v1/products?limit=1&sort=newest&in_stock=true",
        "/v1/products?limit=1&q=tea",
        "/v1/inventory/T-0/movements?limit=1",
    ];
    for list in lists {
        let first = service.get_as(&service.staff, list).await;
        let cursor = first.body["next_cursor"].as_str().unwrap_or_else(|| panic!("{list}: {first:?}"));
        let original: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(cursor).unwrap()).unwrap();
        for corrupted in corruptions(&original) {
            let cursor = BASE64_URL_SAFE_NO_PAD.encode(corrupted.to_string());
            let response = service.get_as(&service.staff, &format!("{list}&cursor={cursor}")).await;
            assert!(response.status.as_u16() < 500, "{list}: {corrupted} is {}", response.status);
        }
    }
}
