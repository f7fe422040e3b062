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

use crate::app::{App, PASSWORD};

#[tokio::test]
async fn a_refresh_token_gives_new_tokens_once() {
    let app = App::start().await;
    let first = app.new_customer("ann@example.com").await;
    let second = app.refresh(&first.text("refresh_token")).await;
    assert_eq!(second.status, 200);
    assert_ne!(second.text("refresh_token"), first.text("refresh_token"));
    assert_eq!(app.get_me(&second.text("access_token")).await.status, 200);
    let third = app.refresh(&second.text("refresh_token")).await;
    assert_eq!(third.status, 200);

    let reused = app.refresh(&first.text("refresh_token")).await;
    assert_eq!((reused.status, reused.problem()), (401, "invalid-credentials"));
}

#[tokio::test]
async fn a_token_that_is_used_twice_ends_its_family_and_no_other() {
    let app = App::start().await;
    let stolen = app.new_customer("ann@example.com").await;
    let elsewhere = app.sign_in("ann@example.com", PASSWORD).await;
    let rotated = app.refresh(&stolen.text("refresh_token")).await;
    assert_eq!(app.refresh(&stolen.text("refresh_token")).await.status, 401);
    assert_eq!(app.refresh(&rotated.text("refresh_token")).await.status, 401);
    assert_eq!(app.refresh(&elsewhere.text("refresh_token")).await.status, 200);
}

#[tokio::test]
async fn of_two_uses_at_once_exactly_one_wins_and_the_family_ends() {
    let app = App::start().await;
    for _ in 0..5 {
        let token = app.new_customer("ann@example.com").await.text("refresh_token");
        let (one, two) = tokio::join!(app.refresh(&token), app.refresh(&token));
        let (winner, loser) = if one.status == 200 { (one, two) } else { (two, one) };
        assert_eq!((winner.status, loser.status), (200, 401));
        assert_eq!(app.refresh(&winner.text("refresh_token")).await.status, 401);
    }
}

#[tokio::test]
async fn a_sign_in_that_is_revoked_gives_no_more_tokens() {
    let app = App::start().await;
    let first = app.new_customer("ann@example.com").await;
    let elsewhere = app.sign_in("ann@example.com", PASSWORD).await;
    let newest = app.refresh(&first.text("refresh_token")).await;
    // Any token of the family will do, and once more does no harm.
    for _ in 0..2 {
        let answer = app.post("/v1/auth/revoke", json!({ "refresh_token": first.text("refresh_token") })).await;
        assert_eq!(answer.status, 204);
    }
    assert_eq!(app.refresh(&newest.text("refresh_token")).await.status, 401);
    assert_eq!(app.refresh(&elsewhere.text("refresh_token")).await.status, 200);
}

#[tokio::test]
async fn a_token_that_was_never_given_is_revoked_all_the_same_and_gives_nothing() {
    let app = App::start().await;
    for token in ["", "never given", &"x".repeat(10_000)] {
        assert_eq!(app.post("/v1/auth/revoke", json!({ "refresh_token": token })).await.status, 204);
        let answer = app.refresh(token).await;
        assert_eq!((answer.status, answer.problem()), (401, "invalid-credentials"));
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
async fn granted_scopes_come_with_the_next_token() {
    let app = App::start().await;
    let tokens = app.new_customer("ann@example.com").await;
    let email = "Ann@example.com".parse().unwrap();
    grant(&app.state.store, &email, BTreeSet::from([Scope::Customer, Scope::Staff])).await.unwrap();
    let refreshed = app.refresh(&tokens.text("refresh_token")).await;
    assert_eq!(refreshed.body["scope"], "customer staff");
    assert_eq!(app.get_me(&refreshed.text("access_token")).await.body["scopes"], json!(["customer", "staff"]));
}

#[tokio::test]
async fn nothing_can_be_granted_to_nobody() {
    let app = App::start().await;
    let email = "nobody@example.com".parse().unwrap();
    let error = grant(&app.state.store, &email, BTreeSet::from([Scope::Admin])).await.unwrap_err();
    assert_eq!(error.to_string(), "no account has this e-mail address");
}
