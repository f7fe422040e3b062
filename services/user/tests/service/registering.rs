//! `POST /v1/users`.

use contracts::{Event, TraceContext};
use futures::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::app::{App, Body, PASSWORD, median, time};

#[tokio::test]
async fn a_registered_customer_can_sign_in_and_read_the_account() {
    let app = App::start().await;
    let registration =
        json!({ "email": "Ann@Example.com", "password": PASSWORD, "name": " Ann Lee ", "locale": "de-at" });
    let response = app.post("/v1/users", registration).await;
    assert_eq!(response.expect(202), json!({ "status": "accepted" }));

    let tokens = app.sign_in("ann@example.COM", PASSWORD).await;
    assert_eq!(tokens.status, 200);
    let me = app.get_me(&tokens.text("access_token")).await;
    assert_eq!(me.status, 200);
    assert_eq!(me.headers["cache-control"], "no-store");
    assert!(me.text("id").starts_with("usr_"));
    assert!(me.text("created_at").ends_with('Z'));
    let expected = json!({
        "id": me.body["id"], "email": "Ann@Example.com", "name": "Ann Lee", "locale": "de-AT", "scopes": ["customer"],
        "created_at": me.body["created_at"],
    });
    assert_eq!(me.body, expected);
}

#[tokio::test]
async fn a_new_account_is_announced_in_the_trace_of_its_request() {
    let app = App::start().await;
    let trace = TraceContext::root();
    let registration = json!({ "email": "Ann@example.com", "password": PASSWORD, "name": "Ann" });
    let request = app.request(Method::POST, "/v1/users").header("traceparent", trace.to_string()).json(&registration);
    assert_eq!(app.send(request).await.status, 202);

    let [envelope] = app.events().await.try_into().unwrap();
    let Event::UserRegistered(registered) = &envelope.event else { panic!("{envelope:?}") };
    let tokens = app.sign_in("ann@example.com", PASSWORD).await;
    assert_eq!(registered.user_id.to_string(), app.get_me(&tokens.text("access_token")).await.text("id"));
    assert_eq!(registered.contact.email, "Ann@example.com");
    assert_eq!(registered.contact.locale, "en");
    assert_eq!((envelope.subject.clone(), envelope.sequence), (registered.user_id.to_string(), 1));
    assert!(envelope.traceparent.as_deref().is_some_and(|parent| parent.contains(&trace.trace_id())));
}

#[tokio::test]
async fn a_known_and_an_unknown_address_get_the_same_response() {
    let app = App::start().await;
    let unknown = app.register("ann@example.com").await;
    let known = app.register("ann@example.com").await;
    assert_eq!(known.without_trace(), unknown.without_trace());
    let names = |headers: &axum::http::HeaderMap| headers.keys().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(&known.headers), names(&unknown.headers));
    assert_eq!(known.headers["content-length"], unknown.headers["content-length"]);
}

#[tokio::test]
async fn a_known_and_an_unknown_address_take_about_the_same_time() {
    let app = App::start().await;
    app.register("known@example.com").await;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for n in 0..15 {
        known.push(time(app.register("known@example.com")).await);
        unknown.push(time(app.register(&format!("unknown{n}@example.com"))).await);
    }
    let ratio = median(known).as_secs_f64() / median(unknown).as_secs_f64();
    assert!((0.5..2.0).contains(&ratio), "known takes {ratio} times as long");
}

#[tokio::test]
async fn repeated_registrations_are_announced_once_and_change_nothing() {
    let app = App::start().await;
    let tokens = app.new_customer("ann@example.com").await;
    let before = app.get_me(&tokens.text("access_token")).await;
    for email in ["ann@example.com", "ANN@example.com", "ann@EXAMPLE.com"] {
        let registration = json!({ "email": email, "password": "another password", "name": "Eve", "locale": "fr" });
        assert_eq!(app.post("/v1/users", registration).await.status, 202);
    }
    assert_eq!(app.event_kinds().await, ["registered", "registration_repeated"]);
    let repeated = &app.events().await[1];
    assert_eq!((repeated.subject.clone(), repeated.sequence), (before.text("id"), 1));

    assert_eq!(app.sign_in("ann@example.com", "another password").await.status, 401);
    assert_eq!(app.get_me(&tokens.text("access_token")).await.body, before.body);
}

#[tokio::test]
async fn concurrent_registrations_of_one_address_create_one_account() {
    let app = App::start().await;
    let responses = join_all((0..8).map(|_| app.register("ann@example.com"))).await;
    assert!(responses.iter().all(|response| response.status == 202));

    let kinds = app.event_kinds().await;
    assert_eq!(kinds.iter().filter(|kind| **kind == "registered").count(), 1, "{kinds:?}");
    // A request that read the new account announces a repeated registration.
    assert!(kinds.len() <= 2, "{kinds:?}");
    let me = app.get_me(&app.sign_in("ann@example.com", PASSWORD).await.text("access_token")).await;
    assert!(app.events().await.iter().all(|envelope| envelope.subject == me.text("id")));
}
