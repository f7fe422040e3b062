//! `user republish`, for a consumer that lost its copy of the contact data.

use std::{collections::BTreeMap, num::NonZeroU32};

use contracts::{Envelope, Event, EventId};
use serde_json::json;
use user::{clock, republish::republish};

use crate::app::{App, Body};

const RATE: NonZeroU32 = NonZeroU32::new(500).unwrap();

#[tokio::test]
async fn every_account_is_published_again_at_its_current_version() {
    let app = App::start().await;
    // More than one chunk of a second.
    for n in 0..5 {
        assert_eq!(app.register(&format!("customer{n}@example.com")).await.status, 202);
    }
    let changed = app.new_customer("ann@example.com").await.text("access_token");
    app.patch_me(&changed, json!({ "name": "Ann Lee", "locale": "de" })).await.expect(200);
    let deleted = app.new_customer("bob@example.com").await.text("access_token");
    assert_eq!(app.delete_me(&deleted).await.status, 204);
    let before = app.events().await;

    for _ in 0..2 {
        assert_eq!(republish(&app.state.store, NonZeroU32::new(4).unwrap()).await.unwrap(), 6);
    }

    let events = app.events().await;
    let republished: Vec<_> = events.iter().filter(|event| !before.contains(event)).collect();
    assert_eq!(republished.len(), 12, "each account twice, the deleted one never");
    let mut times = BTreeMap::new();
    for event in republished {
        let Event::UserUpdated(updated) = &event.event else { panic!("{event:?}") };
        assert_eq!(event.subject, updated.user_id.to_string());
        let is_changed = updated.contact.email == "ann@example.com";
        assert_eq!(event.sequence, if is_changed { 2 } else { 1 }, "the version of the account, unchanged");
        assert_eq!(updated.contact.name, if is_changed { "Ann Lee" } else { "Ann" });
        *times.entry(updated.contact.email.clone()).or_insert(0) += 1;
    }
    assert!(times.values().all(|times| *times == 2), "{times:?}");

    app.patch_me(&changed, json!({ "name": "Ann" })).await.expect(200);
    assert_eq!(app.events().await.last().unwrap().sequence, 3, "a later change has the next version");
}

#[tokio::test]
async fn an_account_that_was_changed_or_deleted_in_the_meantime_is_not_published_as_it_was() {
    let app = App::start().await;
    let token = app.new_customer("ann@example.com").await.text("access_token");
    let store = &app.state.store;
    let read = store.accounts(None).await.unwrap().accounts.pop().unwrap();
    let envelope = Envelope::new(EventId::generate(), read.id, read.version, clock::now(), read.republished());

    app.patch_me(&token, json!({ "locale": "de" })).await.expect(200);
    assert!(!store.put_event_of(&read, &envelope, clock::now()).await.unwrap());
    assert_eq!(republish(store, RATE).await.unwrap(), 1);

    assert_eq!(app.delete_me(&token).await.status, 204);
    assert!(!store.put_event_of(&read, &envelope, clock::now()).await.unwrap());
    assert_eq!(republish(store, RATE).await.unwrap(), 0);
    assert_eq!(app.event_kinds().await, ["registered", "updated", "updated", "deleted"]);
}
