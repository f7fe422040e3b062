//! `POST /v1/auth/token` with a password.

use std::time::Duration;

use argon2::{Argon2, Params, password_hash::PasswordHasher};
use contracts::auth::{AUDIENCE, Scope};
use futures::future::join_all;
use serde_json::json;
use stack::testing::{Response, eventually};
use user::{clock, domain::PasswordHash};

use crate::app::{App, Body, PASSWORD, median, time};

#[tokio::test]
async fn tokens_are_accepted_by_services_that_know_only_the_published_keys() {
    let app = App::start().await;
    let tokens = app.new_customer("ann@example.com").await;
    assert_eq!(tokens.headers["cache-control"], "no-store");
    assert_eq!(tokens.body["token_type"], "Bearer");
    assert_eq!(tokens.body["expires_in"], 600);
    assert_eq!(tokens.body["scope"], "customer");

    let claims = app.verifier().await.verify(&tokens.text("access_token")).unwrap();
    let now = clock::now().timestamp();
    assert_eq!((claims.iss.as_str(), claims.aud.as_str()), (app.url.as_str(), AUDIENCE));
    assert_eq!(claims.exp - claims.iat, 600);
    assert!((now - 60..=now).contains(&claims.iat));
    assert!(claims.allows(Scope::Customer) && !claims.allows(Scope::Staff));
    assert_eq!(claims.sub.to_string(), app.get_me(&tokens.text("access_token")).await.text("id"));

    let again = app.sign_in("ann@example.com", PASSWORD).await;
    assert_ne!(app.verifier().await.verify(&again.text("access_token")).unwrap().jti, claims.jti);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_get_the_same_response() {
    let app = App::start().await;
    app.register("ann@example.com").await;
    let wrong = app.sign_in("ann@example.com", "wrong password").await;
    let unknown = app.sign_in("unknown@example.com", "wrong password").await;
    wrong.is_problem(401, "invalid-credentials");
    assert_eq!(wrong.without_trace(), unknown.without_trace());
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_take_about_the_same_time() {
    let app = App::start().await;
    let (mut wrong, mut unknown) = (Vec::new(), Vec::new());
    for n in 0..4 {
        let known_address = format!("ann{n}@example.com");
        app.register(&known_address).await;
        for attempt in 0..4 {
            wrong.push(time(app.sign_in(&known_address, "wrong password")).await);
            unknown.push(time(app.sign_in(&format!("unknown{n}-{attempt}@example.com"), "wrong password")).await);
        }
    }
    let ratio = median(wrong).as_secs_f64() / median(unknown).as_secs_f64();
    assert!((0.5..2.0).contains(&ratio), "a wrong password takes {ratio} times as long");
}

#[tokio::test]
async fn after_five_failures_a_known_and_an_unknown_address_have_to_wait() {
    let app = App::start().await;
    app.register("ann@example.com").await;
    let mut rejected = Vec::new();
    for email in ["ann@example.com", "unknown@example.com"] {
        for _ in 0..5 {
            assert_eq!(app.sign_in(email, "wrong password").await.status, 401);
        }
        rejected.push(app.sign_in(email, PASSWORD).await);
    }
    let [known, unknown]: [Response; 2] = rejected.try_into().unwrap();
    known.is_problem(429, "too-many-requests");
    assert_eq!(known.without_trace(), unknown.without_trace());
    for response in [&known, &unknown] {
        assert!(matches!(response.headers["retry-after"].to_str(), Ok("1" | "2")), "{:?}", response.headers);
    }

    // Other addresses are not affected; the same address in upper case is.
    app.new_customer("bob@example.com").await;
    assert_eq!(app.sign_in("ANN@example.com", PASSWORD).await.status, 429);
}

#[tokio::test]
async fn a_successful_sign_in_resets_the_count() {
    let app = App::start().await;
    app.register("ann@example.com").await;
    for _ in 0..5 {
        assert_eq!(app.sign_in("ann@example.com", "wrong password").await.status, 401);
    }
    eventually("the wait is over", Duration::from_secs(20), async || {
        Some(app.sign_in("ann@example.com", PASSWORD).await).filter(|response| response.status == 200)
    })
    .await;
    for _ in 0..5 {
        assert_eq!(app.sign_in("ann@example.com", "wrong password").await.status, 401);
    }
    assert_eq!(app.sign_in("ann@example.com", "wrong password").await.status, 429);
}

#[tokio::test]
async fn concurrent_guesses_are_counted() {
    let app = App::start().await;
    app.register("ann@example.com").await;
    let guesses = (0..20).map(|n| format!("guess number {n}")).collect::<Vec<_>>();
    let responses = join_all(guesses.iter().map(|guess| app.sign_in("ann@example.com", guess))).await;
    let verified = responses.iter().filter(|response| response.status == 401).count();
    let rejected = responses.iter().filter(|response| response.status == 429).count();
    assert_eq!(verified + rejected, 20);
    // Five are free. On a slow machine, the wait of two seconds may have passed for one more.
    assert!((1..=6).contains(&verified), "{verified} guesses were verified");
}

#[tokio::test]
async fn a_hash_with_old_parameters_is_replaced_at_sign_in() {
    let app = App::start().await;
    app.register("ann@example.com").await;
    let email = "ann@example.com".parse().unwrap();
    let account = app.state.store.account_by_email(&email).await.unwrap().unwrap();
    let weak = Argon2::new(Default::default(), Default::default(), Params::new(8_192, 1, 1, None).unwrap());
    let hash: argon2::PasswordHash = weak.hash_password(PASSWORD.as_bytes()).unwrap();
    let old = PasswordHash::new(hash.to_string());
    app.state.store.renew_password_hash(account.id, &account.password_hash, &old).await.unwrap();

    assert_eq!(app.sign_in("ann@example.com", "wrong password").await.status, 401);
    let hash = || async { app.state.store.account(account.id).await.unwrap().unwrap().password_hash };
    assert_eq!(hash().await, old);
    assert_eq!(app.sign_in("ann@example.com", PASSWORD).await.status, 200);
    assert!(hash().await.as_str().contains("$m=19456,t=2,p=1$"));
    assert_eq!(app.sign_in("ann@example.com", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_grant_type_requires_and_allows_exactly_its_own_fields() {
    let app = App::start().await;
    for (body, field) in [
        (json!({ "grant_type": "password", "email": "ann@example.com" }), "password"),
        (json!({ "grant_type": "password", "password": PASSWORD }), "email"),
        (json!({ "grant_type": "refresh_token" }), "refresh_token"),
        (json!({ "grant_type": "refresh_token", "refresh_token": "x", "email": "ann@example.com" }), "email"),
        (
            json!({ "grant_type": "password", "email": "ann@example.com", "password": "x", "refresh_token": "x" }),
            "refresh_token",
        ),
        (json!({ "grant_type": "client_credentials" }), "grant_type"),
        (json!({ "email": "ann@example.com", "password": PASSWORD }), "grant_type"),
    ] {
        let response = app.post("/v1/auth/token", body).await;
        response.is_problem(400, "invalid-request");
        assert_eq!(response.wrong_fields(), [field]);
    }
}
