//! `GET|PATCH|DELETE /v1/users/me`.

use contracts::Event;
use futures::future::join_all;
use serde_json::json;

use crate::app::{App, Body, PASSWORD};

#[tokio::test]
async fn a_change_is_stored_and_announced() {
    let app = App::start().await;
    let token = app.new_customer("ann@example.com").await.text("access_token");
    let changed = app.patch_me(&token, json!({ "name": "Ann Lee", "locale": "de" })).await;
    assert_eq!(changed.status, 200);
    assert_eq!((changed.text("name"), changed.text("locale")), ("Ann Lee".to_owned(), "de".to_owned()));
    assert_eq!(app.get_me(&token).await.body, changed.body);

    let events = app.events().await;
    let Event::UserUpdated(updated) = &events[1].event else { panic!("{events:?}") };
    assert_eq!((updated.contact.name.as_str(), updated.contact.locale.as_str()), ("Ann Lee", "de"));
    assert_eq!((events[1].subject.clone(), events[1].sequence), (changed.text("id"), 2));
}

#[tokio::test]
async fn a_change_without_effect_announces_nothing() {
    let app = App::start().await;
    let token = app.new_customer("ann@example.com").await.text("access_token");
    let before = app.get_me(&token).await;
    for body in [json!({}), json!({ "name": "Ann" }), json!({ "locale": "EN" })] {
        let response = app.patch_me(&token, body).await;
        assert_eq!(response.expect(200), before.body);
    }
    assert_eq!(app.event_kinds().await, ["registered"]);
}

#[tokio::test]
async fn concurrent_changes_are_stored_or_rejected_and_never_share_a_version() {
    let app = App::start().await;
    let token = app.new_customer("ann@example.com").await.text("access_token");
    let responses = join_all((0..8).map(|n| app.patch_me(&token, json!({ "name": format!("Ann {n}") })))).await;
    assert!(responses.iter().all(|response| matches!(response.status.as_u16(), 200 | 409)));

    let stored = responses.iter().filter(|response| response.status == 200).count();
    let mut sequences: Vec<_> = app.events().await.iter().map(|envelope| envelope.sequence).collect();
    sequences.sort();
    assert_eq!(sequences, (1..=stored as u64 + 1).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_deleted_account_leaves_no_personal_data() {
    let app = App::start().await;
    let tokens = app.new_customer("ann@example.com").await;
    app.sign_in("ann@example.com", "wrong password").await;
    app.sign_in("ann@example.com", PASSWORD).await;
    let id = app.get_me(&tokens.text("access_token")).await.text("id");
    assert_eq!(app.delete_me(&tokens.text("access_token")).await.status, 204);

    assert_eq!(app.event_kinds().await, ["registered", "deleted"]);
    let deleted = &app.events().await[1];
    assert_eq!((deleted.subject.clone(), deleted.sequence), (id, 2));

    // The rest are events to publish, and refresh tokens that are no longer valid.
    let dynamodb = aws_sdk_dynamodb::Client::new(&stack::testing::aws().await.sdk_config());
    let items = dynamodb.scan().table_name(&app.config.user_table).send().await.unwrap().items.unwrap();
    for item in &items {
        let pk = item["pk"].as_s().unwrap();
        assert!(pk.starts_with("EVENT#") || pk.starts_with("REFRESH#"), "{pk}");
    }
}

#[tokio::test]
async fn a_deleted_account_neither_gets_nor_accepts_tokens() {
    let app = App::start().await;
    let tokens = app.new_customer("ann@example.com").await;
    let elsewhere = app.sign_in("ann@example.com", PASSWORD).await;
    assert_eq!(app.delete_me(&tokens.text("access_token")).await.status, 204);

    let gone = app.get_me(&tokens.text("access_token")).await;
    gone.is_problem(401, "unauthenticated");
    assert_eq!(app.patch_me(&tokens.text("access_token"), json!({ "name": "Ann" })).await.status, 401);
    assert_eq!(app.delete_me(&tokens.text("access_token")).await.status, 401);
    for tokens in [&tokens, &elsewhere] {
        assert_eq!(app.refresh(&tokens.text("refresh_token")).await.status, 401);
    }
    app.sign_in("ann@example.com", PASSWORD).await.is_problem(401, "invalid-credentials");
}

#[tokio::test]
async fn the_address_of_a_deleted_account_can_be_registered_again() {
    let app = App::start().await;
    let first = app.new_customer("ann@example.com").await.text("access_token");
    let first_id = app.get_me(&first).await.text("id");
    app.delete_me(&first).await;
    let second = app.new_customer("ann@example.com").await.text("access_token");
    assert_ne!(app.get_me(&second).await.text("id"), first_id);
    assert_eq!(app.get_me(&first).await.status, 401);
    assert_eq!(app.event_kinds().await, ["registered", "deleted", "registered"]);
}

#[tokio::test]
async fn of_concurrent_deletions_one_is_announced() {
    let app = App::start().await;
    let token = app.new_customer("ann@example.com").await.text("access_token");
    let responses = join_all((0..4).map(|_| app.delete_me(&token))).await;
    assert_eq!(responses.iter().filter(|response| response.status == 204).count(), 1);
    assert_eq!(app.event_kinds().await, ["registered", "deleted"]);
}
