//! The HTTP conventions, by requests to a router: invalid fields are named, and a handler's signature is an access
//! rule.
#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of tests may fail as tests do")]

use std::time::Duration;

use aws_lc_rs::{
    encoding::AsDer,
    rsa::{KeyPair, KeySize},
};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::FromRef,
    http::{Request, StatusCode},
    routing::{get, post},
};
use contracts::{
    Money, OrderId, Problem, ProblemType, Sku, UserId,
    auth::{AUDIENCE, Claims, Scope, Verifier},
    http::{
        Customer, IdempotencyKey, Json, Path, Query, Staff, TokenKeys, Tokens,
        layers::{Options, surround},
    },
};
use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    jwk::{Jwk, JwkSet},
};
use serde::Deserialize;
use tower::ServiceExt;

const ISSUER: &str = "https://issuer.example";

#[derive(Clone, FromRef)]
struct AppState {
    tokens: Tokens,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its form matters here")]
struct Order {
    lines: Vec<Line>,
    price: Option<Money>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its form matters here")]
struct Line {
    sku: Sku,
    quantity: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its form matters here")]
struct Page {
    limit: Option<u32>,
}

fn router(tokens: Tokens) -> Router {
    let routes = Router::new()
        .route(
            "/orders",
            post(async |_: IdempotencyKey, Json(_): Json<Order>| "ok").get(async |Query(_): Query<Page>| "ok"),
        )
        .route("/orders/{id}", get(async |Path(id): Path<OrderId>| id.to_string()))
        .route("/mine", get(async |Customer(user): Customer| user.to_string()))
        .route("/staff", get(async |_: Staff| "ok"))
        .route("/panic", get(async || -> () { panic!("of a secret") }))
        .route("/slow", get(async || std::future::pending::<()>().await))
        .route("/health/live", get(async || "live"))
        .route("/cached", get(async || ([("cache-control", "max-age=60")], "cached")))
        .with_state(AppState { tokens });
    let options = Options { body_limit: 1024, deadline: Duration::from_millis(50), concurrency: 1, access_log: false };
    surround(routes, options)
}

async fn send(tokens: Tokens, request: Request<Body>) -> (StatusCode, Vec<u8>) {
    let response = router(tokens).oneshot(request).await.unwrap();
    assert!(response.headers().contains_key("traceparent"));
    let status = response.status();
    if !status.is_success() {
        assert_eq!(response.headers()["content-type"], "application/problem+json");
    }
    (status, to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec())
}

async fn problem(request: Request<Body>) -> Problem {
    let (status, body) = send(TokenKeys::channel().1, request).await;
    let problem: Problem = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem.status, status.as_u16());
    problem
}

fn order(body: &str) -> Request<Body> {
    Request::post("/orders")
        .header("content-type", "application/json; charset=utf-8")
        .header("idempotency-key", "a")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

#[tokio::test]
async fn an_invalid_field_is_named_by_its_path() {
    for (body, field) in [
        (r#"{"lines": [{"sku": "A", "quantity": -1}]}"#, "lines[0].quantity"),
        (r#"{"lines": [{"sku": "a", "quantity": 1}]}"#, "lines[0].sku"),
        (r#"{"lines": [{"sku": "A"}]}"#, "lines[0].quantity"),
        (r#"{"lines": [{"sku": "A", "quantity": 1, "price": 1}]}"#, "lines[0].price"),
        (r#"{"lines": [], "total": 1}"#, "total"),
        (r#"{"lines": [], "price": {"minor": 1.5, "currency": "EUR"}}"#, "price.minor"),
        (r#"{"lines": [], "price": {"minor": 1, "currency": "XXXX"}}"#, "price.currency"),
        ("{}", "lines"),
    ] {
        let problem = problem(order(body)).await;
        assert_eq!(problem.kind, ProblemType::InvalidRequest, "{body}");
        assert_eq!(problem.errors[0].field, field, "{body}: {problem:?}");
    }
}

#[tokio::test]
async fn a_detail_has_no_type_of_rust_and_no_position() {
    let wrong = problem(order(r#"{"lines": [{"sku": "A", "quantity": "two"}]}"#)).await;
    assert_eq!(wrong.errors[0].detail, r#"invalid type: string "two", expected a whole number"#);
    let missing = problem(order("{}")).await;
    assert_eq!(missing.errors[0].detail, "missing field `lines`");
    let broken = problem(order("{\"lines\": [}")).await;
    assert!(broken.errors.is_empty() && broken.detail.unwrap().starts_with("the body is not JSON"));
    let query = problem(Request::get("/orders?limit=x").body(Body::empty()).unwrap()).await;
    assert_eq!(query.errors[0].detail, "must be a whole number");
}

#[tokio::test]
async fn a_body_that_is_not_json_is_rejected() {
    assert_eq!(problem(order("{\"lines\"")).await.kind, ProblemType::InvalidRequest);
    assert_eq!(problem(order("{\"lines\": []} x")).await.kind, ProblemType::InvalidRequest);
    assert_eq!(problem(order(" [[], null]")).await.kind, ProblemType::InvalidRequest);
    assert_eq!(problem(order(&" ".repeat(2000))).await.kind, ProblemType::PayloadTooLarge);
    let mut form = order("a=b");
    form.headers_mut().insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    assert_eq!(problem(form).await.kind, ProblemType::UnsupportedMediaType);
}

#[tokio::test]
async fn an_invalid_query_path_or_method_is_a_problem() {
    let get = |uri: &str| Request::get(uri).body(Body::empty()).unwrap();
    let wrong = problem(get("/orders?limit=many")).await;
    assert_eq!((wrong.kind, wrong.errors[0].field.as_str()), (ProblemType::InvalidRequest, "limit"));
    let unknown = problem(get("/orders?limits=1")).await;
    assert_eq!((unknown.kind, unknown.errors[0].field.as_str()), (ProblemType::InvalidRequest, "limits"));
    assert_eq!(problem(get("/orders/17")).await.kind, ProblemType::NotFound);
    assert_eq!(problem(get("/nothing")).await.kind, ProblemType::NotFound);
    assert_eq!(
        problem(Request::delete("/orders").body(Body::empty()).unwrap()).await.kind,
        ProblemType::MethodNotAllowed
    );
}

#[tokio::test]
async fn an_idempotency_key_is_required_and_limited_in_length() {
    let mut request = order("{}");
    request.headers_mut().remove("idempotency-key");
    assert_eq!(problem(request).await.kind, ProblemType::IdempotencyKeyMissing);
    for wrong in ["", "two words", &"k".repeat(256)] {
        let mut request = order("{}");
        request.headers_mut().insert("idempotency-key", wrong.parse().unwrap());
        assert_eq!(problem(request).await.errors[0].field, "idempotency-key");
    }
}

#[tokio::test]
async fn a_panic_is_a_problem_without_its_message() {
    let (status, body) = send(TokenKeys::channel().1, get_request("/panic")).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!String::from_utf8_lossy(&body).contains("secret"));
}

#[tokio::test]
async fn a_request_that_exceeds_its_deadline_is_unavailable() {
    let problem = problem(get_request("/slow")).await;
    assert_eq!((problem.kind, problem.detail.as_deref()), (ProblemType::Unavailable, Some("the request timed out")));
}

#[tokio::test]
async fn requests_above_the_limit_are_rejected_and_health_checks_are_not() {
    let router = router(TokenKeys::channel().1);
    let call = async |path: &str| router.clone().oneshot(get_request(path)).await.unwrap().status();
    let (slow, rejected, health) = tokio::join!(call("/slow"), call("/orders"), call("/health/live"));
    assert_eq!(
        (slow, rejected, health),
        (StatusCode::SERVICE_UNAVAILABLE, StatusCode::SERVICE_UNAVAILABLE, StatusCode::OK)
    );
    assert_eq!(call("/orders").await, StatusCode::OK, "the permit is returned");
}

#[tokio::test]
async fn responses_are_not_cached_unless_the_handler_allows_it() {
    for (path, expected) in [("/orders", "no-store"), ("/cached", "max-age=60")] {
        let response = router(TokenKeys::channel().1).oneshot(get_request(path)).await.unwrap();
        assert_eq!(response.headers()["cache-control"], expected);
    }
}

fn get_request(uri: &str) -> Request<Body> {
    Request::get(uri).body(Body::empty()).unwrap()
}

struct Issuer {
    key: EncodingKey,
    keys: JwkSet,
}

impl Issuer {
    fn new() -> Self {
        let pkcs8 = KeyPair::generate(KeySize::Rsa2048).unwrap().as_der().unwrap();
        // jsonwebtoken expects PKCS#1; PKCS#8 is the same after a header of 26 octets.
        let key = EncodingKey::from_rsa_der(&pkcs8.as_ref()[26..]);
        let mut jwk = Jwk::from_encoding_key(&key, Algorithm::RS256).unwrap();
        jwk.common.key_id = Some("k1".to_owned());
        Self { key, keys: JwkSet { keys: vec![jwk] } }
    }

    fn tokens(&self) -> Tokens {
        Tokens::fixed(Verifier::new(ISSUER, &self.keys))
    }

    fn token(&self, change: impl FnOnce(&mut Header, &mut Claims)) -> String {
        let now = jsonwebtoken::get_current_timestamp() as i64;
        let mut header = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::RS256) };
        let mut claims = Claims {
            iss: ISSUER.to_owned(),
            sub: UserId::generate(),
            aud: AUDIENCE.to_owned(),
            exp: now + 600,
            iat: now,
            jti: "1".to_owned(),
            scope: Scope::Customer.as_str().to_owned(),
        };
        change(&mut header, &mut claims);
        jsonwebtoken::encode(&header, &claims, &self.key).unwrap()
    }
}

fn with_token(uri: &str, token: &str) -> Request<Body> {
    Request::get(uri).header("authorization", format!("bearer {token}")).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn a_valid_token_identifies_the_caller() {
    let issuer = Issuer::new();
    let user = UserId::generate();
    let token = issuer.token(|_, claims| claims.sub = user);
    let (status, body) = send(issuer.tokens(), with_token("/mine", &token)).await;
    assert_eq!((status, body), (StatusCode::OK, user.to_string().into_bytes()));
    let (status, _) = send(issuer.tokens(), with_token("/staff", &token)).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "a customer is not staff");
}

#[tokio::test]
async fn an_invalid_token_is_rejected() {
    let issuer = Issuer::new();
    let stranger = Issuer::new();
    let good = issuer.token(|_, _| {});
    for (token, why) in [
        (issuer.token(|_, claims| claims.exp = claims.iat - 1), "expired"),
        (issuer.token(|_, claims| claims.iss = "https://other.example".to_owned()), "another issuer"),
        (issuer.token(|_, claims| claims.aud = "other".to_owned()), "another audience"),
        (issuer.token(|header, _| header.kid = None), "no key id"),
        (issuer.token(|header, _| header.kid = Some("k2".to_owned())), "unknown key id"),
        (issuer.token(|header, _| header.alg = Algorithm::RS512), "another algorithm"),
        (stranger.token(|_, _| {}), "a key of another issuer"),
        (format!("{}.", good.rsplit_once('.').unwrap().0), "no signature"),
        (String::new(), "empty"),
    ] {
        let (status, _) = send(issuer.tokens(), with_token("/mine", &token)).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{why}");
    }
    let (status, _) = send(issuer.tokens(), Request::get("/mine").body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "no token");
    let (status, _) = send(TokenKeys::channel().1, with_token("/mine", &good)).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "keys not read yet");
}

#[tokio::test]
async fn a_token_with_an_unknown_key_waits_until_the_keys_are_read() {
    let issuer = Issuer::new();
    let (keys, tokens) = TokenKeys::channel();
    let token = issuer.token(|_, _| {});
    let request = send(tokens, with_token("/mine", &token));
    let reader = async { keys.publish(Some(Verifier::new(ISSUER, &issuer.keys))) };
    let ((status, _), is_known) = tokio::join!(request, reader);
    assert_eq!((status, is_known), (StatusCode::OK, true));
    assert!(keys.publish(None), "a failed read keeps the keys");
}
