use contracts::{OrderId, UserId, auth::Scope};
use product::{clock, events::order, store::Database};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::support::{ResponseExt, Service, placed, product, send};

#[tokio::test]
async fn staff_read_the_stock_of_a_sku() {
    let service = Service::with(&[product("assam", "Assam", &[("ASSAM", 500, 12)])]).await;
    let response = service.get_as(&service.staff, "/v1/inventory/ASSAM").await;
    assert_eq!(response.body, json!({"sku": "ASSAM", "available": 12, "reserved": 0, "sold": 0}));
    for sku in ["NO-SUCH", "not%20a%20sku"] {
        service.get_as(&service.staff, &format!("/v1/inventory/{sku}")).await.is_problem(404, "not-found");
        service.get_as(&service.staff, &format!("/v1/inventory/{sku}/movements")).await.is_problem(404, "not-found");
    }
}

#[tokio::test]
async fn the_ledger_lists_every_movement() {
    let service = Service::with(&[product("assam", "Assam", &[("ASSAM", 500, 12)])]).await;
    let order_id = OrderId::generate();
    let database = Database::from(service.environment.pool.clone());
    let terms = service.environment.config.terms();
    order::handle(&database, &placed(order_id, &[("ASSAM", 2)]), &terms, clock::now()).await.unwrap();
    service.adjust("ASSAM", "key", &json!({"delta": -1, "reason": "broken"})).await;

    let page = service.get_as(&service.staff, "/v1/inventory/ASSAM/movements?limit=2").await;
    let items = page.body["items"].as_array().unwrap();
    assert_eq!(items[0]["kind"], "adjusted");
    assert_eq!((&items[0]["available"], &items[0]["reason"]), (&json!(-1), &json!("broken")));
    assert!(items[0]["user_id"].as_str().unwrap().starts_with("usr_"));
    assert_eq!(items[1]["kind"], "reserved");
    assert_eq!((&items[1]["available"], &items[1]["reserved"]), (&json!(-2), &json!(2)));
    assert_eq!(items[1]["order_id"], order_id.to_string());

    let cursor = page.body["next_cursor"].as_str().unwrap();
    let rest = service.get_as(&service.staff, &format!("/v1/inventory/ASSAM/movements?limit=2&cursor={cursor}")).await;
    assert_eq!(rest.each("kind"), ["stocked"]);
    assert_eq!(rest.body["next_cursor"], Value::Null);
    for (cursor, status, problem) in [("%20", 400, "invalid-request"), ("e30", 422, "unprocessable")] {
        let path = format!("/v1/inventory/ASSAM/movements?cursor={cursor}");
        assert_eq!(service.get_as(&service.staff, &path).await.problem_field(status, problem), "cursor");
    }
}

#[tokio::test]
async fn the_ledger_is_append_only_and_stock_is_never_negative() {
    let service = Service::with(&[product("assam", "Assam", &[("ASSAM", 500, 12)])]).await;
    for statement in ["update movements set available = 1", "delete from movements", "truncate movements"] {
        let error = sqlx::query(statement).execute(&service.environment.pool).await.unwrap_err();
        assert!(error.to_string().contains("append-only"), "{error}");
    }
    for column in ["available", "reserved", "sold"] {
        let statement = sqlx::AssertSqlSafe(format!("update stock set {column} = -1"));
        sqlx::query(statement).execute(&service.environment.pool).await.unwrap_err();
    }
}

/// Every route with an access rule, with its scope.
const GUARDED: [(Method, &str, Scope); 4] = [
    (Method::GET, "/v1/inventory/ASSAM", Scope::Staff),
    (Method::GET, "/v1/inventory/ASSAM/movements", Scope::Staff),
    (Method::POST, "/v1/inventory/ASSAM/adjustments", Scope::Staff),
    (Method::PATCH, "/v1/products/assam", Scope::Admin),
];

#[tokio::test]
async fn guarded_routes_require_their_scope() {
    let service = Service::with(&[product("assam", "Assam", &[("ASSAM", 500, 12)])]).await;
    let Service { customer, staff, admin, .. } = &service;
    let expired = service.environment.expired_token(UserId::generate(), &[Scope::Staff, Scope::Admin]);
    for (method, path, scope) in GUARDED {
        let ask = async |token: Option<&str>| {
            let mut request = service.request(method.clone(), path).json(&json!({})).header("idempotency-key", "k");
            if let Some(token) = token {
                request = request.header("authorization", token);
            }
            send(request).await
        };
        for invalid in [None, Some("Bearer nonsense"), Some("Basic dTpw"), Some(expired.as_str())] {
            let response = ask(invalid).await;
            response.is_problem(401, "unauthenticated");
            assert_eq!(response.headers["www-authenticate"], "Bearer");
        }
        let (right, wrong) = if scope == Scope::Staff { (staff, admin) } else { (admin, staff) };
        for other in [customer, wrong] {
            ask(Some(other)).await.is_problem(403, "forbidden");
        }
        let response = ask(Some(right)).await;
        assert!(![StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&response.status), "{path}: {response:?}");
    }
}
