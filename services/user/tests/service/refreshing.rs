//! `POST /v1/auth/token` with a refresh token, and `POST /v1/auth/revoke`.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use contracts::auth::Scope;
use serde_json::json;
use user::{
    clock,
    domain::{FamilyId, RefreshToken},
    grant::grant,
};
use uuid::Uuid;

use crate::app::{App, Body, PASSWORD};

#[tokio::test]
async fn a_refresh_token_can_be_used_once() {
    let app = App::start().await;
    let first = app.new_customer("ann@example.com").await;
    let second = app.refresh(&first.text("refresh_token")).await;
    assert_eq!(second.status, 200);
    assert_ne!(second.text("refresh_token"), first.text("refresh_token"));
    assert_eq!(app.get_me(&second.text("access_token")).await.status, 200);
    let third = app.refresh(&second.text("refresh_token")).await;
    assert_eq!(third.status, 200);

    let reused = app.refresh(&first.text("refresh_token")).await;
    reused.is_problem(401, "invalid-credentials");
}

#[tokio::test]
async fn a_token_that_is_used_twice_revokes_its_family_and_no_other() {
    let app = App::start().await;
    let stolen = app.new_customer("ann@example.com").await;
    let elsewhere = app.sign_in("ann@example.com", PASSWORD).await;
    let rotated = app.refresh(&stolen.text("refresh_token")).await;
    assert_eq!(app.refresh(&stolen.text("refresh_token")).await.status, 401);
    assert_eq!(app.refresh(&rotated.text("refresh_token")).await.status, 401);
    assert_eq!(app.refresh(&elsewhere.text("refresh_token")).await.status, 200);
}

#[tokio::test]
async fn of_two_concurrent_uses_exactly_one_succeeds_and_the_family_is_revoked() {
    let app = App::start().await;
    for _ in 0..5 {
        let token = app.new_customer("ann@example.com").await.text("refresh_token");
        let (one, two) = tokio::join!(app.refresh(&token), app.refresh(&token));
        let (winner, loser) = if one.status == 200 { (one, two) } else { (two, one) };
        assert_eq!(winner.status, 200);
        assert_eq!(loser.status, 401);
        assert_eq!(app.refresh(&winner.text("refresh_token")).await.status, 401);
    }
}

#[tokio::test]
async fn a_revoked_sign_in_gets_no_more_tokens() {
    let app = App::start().await;
    let first = app.new_customer("ann@example.com").await;
    let elsewhere = app.sign_in("ann@example.com", PASSWORD).await;
    let newest = app.refresh(&first.text("refresh_token")).await;
    // Any token of the family revokes it, also more than once.
    for _ in 0..2 {
        let response = app.post("/v1/auth/revoke", json!({ "refresh_token": first.text("refresh_token") })).await;
        assert_eq!(response.status, 204);
    }
    assert_eq!(app.refresh(&newest.text("refresh_token")).await.status, 401);
    assert_eq!(app.refresh(&elsewhere.text("refresh_token")).await.status, 200);
}

#[tokio::test]
async fn an_unknown_token_can_be_revoked_but_not_used() {
    let app = App::start().await;
    for token in ["", "never issued", &"x".repeat(10_000)] {
        assert_eq!(app.post("/v1/auth/revoke", json!({ "refresh_token": token })).await.status, 204);
        let response = app.refresh(token).await;
        response.is_problem(401, "invalid-credentials");
    }
}

#[tokio::test]
async fn a_refresh_token_expires_after_thirty_days() {
    let app = App::start().await;
    app.register("ann@example.com").await;
    let email = "ann@example.com".parse().unwrap();
    let account = app.state.store.account_by_email(&email).await.unwrap().unwrap();
    for (days, status) in [(29, 200), (31, 401)] {
        let (token, family) = (RefreshToken::new([days; 32]), FamilyId::from(Uuid::now_v7()));
        let then = clock::now() - TimeDelta::days(days.into());
        assert!(app.state.store.start_family(account.id, family, &token, then).await.unwrap());
        assert_eq!(app.refresh(token.expose()).await.status, status);
    }
}

#[tokio::test]
async fn granted_scopes_are_in_the_next_token() {
    let app = App::start().await;
    let tokens = app.new_customer("ann@example.com").await;
    let email = "Ann@example.com".parse().unwrap();
    grant(&app.state.store, &email, BTreeSet::from([Scope::Customer, Scope::Staff])).await.unwrap();
    let refreshed = app.refresh(&tokens.text("refresh_token")).await;
    assert_eq!(refreshed.body["scope"], "customer staff");
    assert_eq!(app.get_me(&refreshed.text("access_token")).await.body["scopes"], json!(["customer", "staff"]));
}

#[tokio::test]
async fn scopes_cannot_be_granted_to_an_unknown_address() {
    let app = App::start().await;
    let email = "unknown@example.com".parse().unwrap();
    let error = grant(&app.state.store, &email, BTreeSet::from([Scope::Admin])).await.unwrap_err();
    assert_eq!(error.to_string(), "no account has this e-mail address");
}
