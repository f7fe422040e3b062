//! An inconsistent topology is rejected, with a message that names the entry and the reason.
#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of tests may fail as tests do")]

use serde_json::{Value, json};
use stack::topology::Topology;

const REAL: &str = include_str!("../../topology.json");

/// Error message for the repository's topology with another value at `pointer`.
fn refusal(pointer: &str, value: Value) -> String {
    let mut topology: Value = serde_json::from_str(REAL).unwrap();
    *topology.pointer_mut(pointer).unwrap_or_else(|| panic!("nothing at {pointer}")) = value;
    format!("{:#}", Topology::parse(&topology.to_string()).unwrap_err())
}

#[test]
fn the_topology_of_this_repository_is_right() {
    let topology = Topology::load().unwrap();
    assert!(topology.queues.len() >= 5 && topology.routes.len() >= 20);
    assert_eq!(topology.queue("order-inbox").unwrap().dead_letter_name(), "order-inbox-dlq");
}

#[test]
fn a_name_that_is_nowhere_is_refused() {
    let cases = [
        ("/queues/0/subscriptions/0/topic", "queue `product-inbox`: there is no topic `nowhere`"),
        ("/queues/0/subscriptions/0/types/0", "queue `product-inbox`: there is no event type `nowhere`"),
        ("/queues/0/consumer", "queue `product-inbox`: its consumer `nowhere` is neither a service nor"),
        ("/tables/0/topic", "table `user`: there is no topic `nowhere`"),
        ("/tables/0/owner", "table `user`: there is no service `nowhere`"),
        ("/functions/1/trigger/queue", "function `payment`: there is no queue `nowhere`"),
        ("/functions/3/trigger/table", "function `user-outbox-relay`: there is no table `nowhere`"),
        ("/routes/0/target", "route `POST /v1/users`: its target `nowhere` is neither a service nor"),
        ("/routes/3/scopes/0", "route `GET /v1/users/me`: there is no scope `nowhere`"),
    ];
    for (pointer, expected) in cases {
        let refusal = refusal(pointer, json!("nowhere"));
        assert!(refusal.contains(expected), "{pointer}: {refusal}");
    }
}

#[test]
fn an_event_type_on_another_publishers_topic_is_refused() {
    let refusal = refusal("/queues/0/subscriptions/0/topic", json!("user-events"));
    assert!(
        refusal.contains("`shop.order.confirmed.v1` is published to `order-events`, not `user-events`"),
        "{refusal}"
    );
}

#[test]
fn a_visibility_timeout_below_six_times_the_functions_timeout_is_refused() {
    let refusal = refusal("/queues/3/visibility_timeout_seconds", json!(179));
    assert!(refusal.contains("function `payment`") && refusal.contains("180 seconds"), "{refusal}");
}

#[test]
fn a_table_with_events_and_no_relay_is_refused() {
    let refusal = refusal("/tables/3/topic", json!("order-events"));
    assert!(refusal.contains("table `notification`: it has a topic, but no function reads its stream"), "{refusal}");
}

#[test]
fn a_route_that_is_none_is_refused() {
    for route in ["FETCH /v1/users", "GET v1/users", "GET /v1//users", "GET /v1/{us er}", "/v1/users", ""] {
        let refusal = refusal("/routes/0/route", json!(route));
        assert!(refusal.contains(&format!("route `{route}`: ")), "{route}: {refusal}");
    }
}

#[test]
fn the_same_name_twice_is_refused() {
    assert!(refusal("/topics/1", json!("user-events")).contains("the topic `user-events` is listed twice"));
    assert!(refusal("/routes/1/route", json!("POST /v1/users")).contains("the route `POST /v1/users` is listed twice"));
}

#[test]
fn a_route_that_wants_a_token_but_no_scope_is_refused() {
    assert!(refusal("/routes/3/scopes", json!([])).contains("an empty list of scopes admits every token"));
}

#[test]
fn an_unknown_field_is_refused() {
    let refusal = refusal("/services/0", json!({ "name": "product", "health_check": "/", "color": "red" }));
    assert!(refusal.contains("unknown field `color`"), "{refusal}");
}
