use reqwest::Method;
use serde_json::{Value, json};

use crate::simulator::{SECRET_KEY, Simulator, entries, payment, read, text};

#[tokio::test]
async fn a_payment_is_authorized_then_captured() {
    let psp = Simulator::start().await;
    let (status, intent) = psp.pay("pm_card_visa", "ord_1").await;
    assert_eq!(status, 200);
    assert_eq!(intent["object"], "payment_intent");
    assert_eq!(intent["status"], "requires_capture");
    assert_eq!(intent["amount_capturable"], 2500);
    assert_eq!(intent["capture_method"], "manual");
    assert_eq!(intent["metadata"], json!({ "order_id": "ord_1" }));

    let path = format!("/v1/payment_intents/{}", text(&intent["id"]));
    assert_eq!(psp.get(&path, &[]).await, (200, intent));

    let (status, captured) = psp.post(&format!("{path}/capture"), &[]).await;
    assert_eq!((status, &captured["status"]), (200, &json!("succeeded")));
    assert_eq!((&captured["amount_received"], &captured["amount_capturable"]), (&json!(2500), &json!(0)));
    assert_eq!(psp.ledger("ord_1").await, entries(&[("authorized", 2500), ("captured", 2500)]));
}

#[tokio::test]
async fn the_charge_is_expanded_on_request_and_says_when_the_authorization_expires() {
    let psp = Simulator::start().await;
    let mut form = payment("pm_card_visa", "ord_1").to_vec();
    form.push(("expand[]", "latest_charge"));
    let (status, intent) = psp.post("/v1/payment_intents", &form).await;
    assert_eq!((status, &intent["latest_charge"]["object"]), (200, &json!("charge")));
    let capture_before = &intent["latest_charge"]["payment_method_details"]["card"]["capture_before"];
    assert_eq!(capture_before.as_i64().unwrap() - intent["created"].as_i64().unwrap(), 7 * 24 * 60 * 60);

    let path = format!("/v1/payment_intents/{}", text(&intent["id"]));
    assert_eq!(psp.get(&path, &[("expand[]", "latest_charge")]).await, (200, intent.clone()));
    assert_eq!(psp.get(&path, &[]).await.1["latest_charge"], intent["latest_charge"]["id"]);
    let (status, refused) = psp.get(&path, &[("expand[]", "customer")]).await;
    assert_eq!((status, &refused["error"]["param"]), (400, &json!("expand")));
}

#[tokio::test]
async fn a_partial_capture_voids_the_rest() {
    let psp = Simulator::start().await;
    let id = psp.authorized("ord_1").await;
    let path = format!("/v1/payment_intents/{id}/capture");
    let (status, rejected) = psp.post(&path, &[("amount_to_capture", "2501")]).await;
    assert_eq!((status, &rejected["error"]["code"]), (400, &json!("amount_too_large")));
    let (status, captured) = psp.post(&path, &[("amount_to_capture", "2000")]).await;
    assert_eq!((status, &captured["amount_received"]), (200, &json!(2000)));
    assert_eq!(psp.ledger("ord_1").await, entries(&[("authorized", 2500), ("captured", 2000), ("voided", 500)]));
}

#[tokio::test]
async fn automatic_capture_succeeds_immediately() {
    let psp = Simulator::start().await;
    let form = [("amount", "50"), ("currency", "EUR"), ("payment_method", "pm_card_mastercard"), ("confirm", "true")];
    let (status, intent) = psp.post("/v1/payment_intents", &form).await;
    assert_eq!((status, &intent["status"], &intent["amount_received"]), (200, &json!("succeeded"), &json!(50)));
}

#[tokio::test]
async fn an_intent_is_confirmed_in_a_second_call() {
    let psp = Simulator::start().await;
    let (_, intent) = psp.post("/v1/payment_intents", &[("amount", "500"), ("currency", "eur")]).await;
    assert_eq!(intent["status"], "requires_payment_method");
    let path = format!("/v1/payment_intents/{}/confirm", text(&intent["id"]));
    let (status, rejected) = psp.post(&path, &[]).await;
    assert_eq!((status, &rejected["error"]["code"]), (400, &json!("payment_intent_unexpected_state")));
    let (status, confirmed) = psp.post(&path, &[("payment_method", "pm_card_visa")]).await;
    assert_eq!((status, &confirmed["status"]), (200, &json!("succeeded")));
    let (status, rejected) = psp.post(&path, &[("payment_method", "pm_card_visa")]).await;
    assert_eq!((status, &rejected["error"]["payment_intent"]["status"]), (400, &json!("succeeded")));
}

#[tokio::test]
async fn each_test_card_is_declined_with_its_own_code() {
    let psp = Simulator::start().await;
    let declines = [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"),
    ];
    for (card, code, decline_code) in declines {
        let (status, body) = psp.pay(card, card).await;
        let error = &body["error"];
        assert_eq!(status, 402, "{card}");
        assert_eq!((&error["type"], &error["code"]), (&json!("card_error"), &json!(code)), "{card}");
        assert_eq!(error["decline_code"], decline_code, "{card}");
        let intent = &error["payment_intent"];
        assert_eq!(intent["status"], "requires_payment_method", "{card}");
        assert_eq!(intent["last_payment_error"]["decline_code"], decline_code, "{card}");
        assert_eq!(psp.ledger(card).await, entries(&[("declined", 2500)]), "{card}");
    }
}

#[tokio::test]
async fn an_intent_can_be_paid_with_another_card_after_a_decline() {
    let psp = Simulator::start().await;
    let (_, declined) = psp.pay("pm_card_chargeDeclined", "ord_1").await;
    let id = text(&declined["error"]["payment_intent"]["id"]);
    let path = format!("/v1/payment_intents/{id}/confirm");
    let (status, paid) = psp.post(&path, &[("payment_method", "pm_card_visa")]).await;
    assert_eq!((status, &paid["status"]), (200, &json!("requires_capture")));
    assert_eq!(paid["last_payment_error"], Value::Null);
    assert_eq!(psp.ledger("ord_1").await, entries(&[("declined", 2500), ("authorized", 2500)]));
}

#[tokio::test]
async fn authentication_is_required_on_session_and_declined_off_session() {
    let psp = Simulator::start().await;
    let (status, waiting) = psp.pay("pm_card_authenticationRequired", "ord_1").await;
    assert_eq!((status, &waiting["status"]), (200, &json!("requires_action")));
    let mut form = payment("pm_card_authenticationRequired", "ord_2").to_vec();
    form.push(("off_session", "true"));
    let (status, declined) = psp.post("/v1/payment_intents", &form).await;
    assert_eq!((status, &declined["error"]["code"]), (402, &json!("authentication_required")));
}

#[tokio::test]
async fn cancellation_voids_the_amount_and_is_final() {
    let psp = Simulator::start().await;
    let id = psp.authorized("ord_1").await;
    let path = format!("/v1/payment_intents/{id}");
    let cancel = format!("{path}/cancel");
    let (status, canceled) = psp.post(&cancel, &[("cancellation_reason", "requested_by_customer")]).await;
    assert_eq!((status, &canceled["status"]), (200, &json!("canceled")));
    assert_eq!(canceled["cancellation_reason"], "requested_by_customer");
    for action in [&cancel, &format!("{path}/capture"), &format!("{path}/confirm")] {
        let (status, rejected) = psp.post(action, &[]).await;
        assert_eq!((status, &rejected["error"]["code"]), (400, &json!("payment_intent_unexpected_state")));
        assert_eq!(rejected["error"]["payment_intent"]["status"], "canceled");
    }
    assert_eq!(psp.ledger("ord_1").await, entries(&[("authorized", 2500), ("voided", 2500)]));

    let id = psp.captured("ord_2").await;
    assert_eq!(psp.post(&format!("/v1/payment_intents/{id}/cancel"), &[]).await.0, 400);
}

#[tokio::test]
async fn errors_name_the_invalid_parameter() {
    let psp = Simulator::start().await;
    let good = [("amount", "2500"), ("currency", "eur"), ("payment_method", "pm_card_visa"), ("confirm", "true")];
    let cases = [
        ("amount", "49", "amount_too_small", "amount"),
        ("amount", "100000000", "amount_too_large", "amount"),
        ("amount", "12.50", "parameter_invalid_integer", "amount"),
        ("amount", "-1", "parameter_invalid_integer", "amount"),
        ("amount", "", "parameter_invalid_empty", "amount"),
        ("payment_method", "pm_1Unknown", "resource_missing", "payment_method"),
        ("payment_method", "4242424242424242", "resource_missing", "payment_method"),
        ("color", "red", "parameter_unknown", "color"),
    ];
    for (name, value, code, param) in cases {
        let mut form: Vec<_> = good.into_iter().filter(|(known, _)| *known != name).collect();
        form.push((name, value));
        let (status, body) = psp.post("/v1/payment_intents", &form).await;
        let error = &body["error"];
        assert_eq!(status, 400, "{name}={value}");
        assert_eq!(error["type"], "invalid_request_error", "{name}={value}");
        assert_eq!((&error["code"], &error["param"]), (&json!(code), &json!(param)), "{name}={value}");
    }
    for (name, value) in [("currency", "doubloon"), ("capture_method", "later"), ("confirm", "yes")] {
        let mut form: Vec<_> = good.into_iter().filter(|(known, _)| *known != name).collect();
        form.push((name, value));
        let (status, body) = psp.post("/v1/payment_intents", &form).await;
        assert_eq!((status, &body["error"]["param"]), (400, &json!(name)));
    }
    let (status, body) = psp.post("/v1/payment_intents", &[("currency", "eur")]).await;
    assert_eq!((status, &body["error"]["code"]), (400, &json!("parameter_missing")));
    let (_, list) = psp.get("/v1/payment_intents", &[]).await;
    assert_eq!(list["data"], json!([]), "nothing was created");
}

#[tokio::test]
async fn unknown_objects_and_routes_are_not_found() {
    let psp = Simulator::start().await;
    let (status, body) = psp.get("/v1/payment_intents/pi_none", &[]).await;
    assert_eq!((status, &body["error"]["code"]), (404, &json!("resource_missing")));
    assert_eq!(psp.post("/v1/payment_intents/pi_none/capture", &[]).await.0, 404);
    assert_eq!(psp.get("/v1/refunds/re_none", &[]).await.0, 404);
    let (status, body) = psp.get("/v1/customers", &[]).await;
    assert_eq!((status, &body["error"]["type"]), (404, &json!("invalid_request_error")));
}

#[tokio::test]
async fn the_api_requires_the_secret_key() {
    let psp = Simulator::start().await;
    let ask = || psp.request(Method::GET, "/v1/payment_intents");
    for rejected in [ask(), ask().bearer_auth("sk_test_other"), ask().basic_auth("sk_test_other", None::<&str>)] {
        let (status, body) = read(rejected.send().await.unwrap()).await;
        assert_eq!((status, &body["error"]["type"]), (401, &json!("invalid_request_error")));
    }
    for accepted in [ask().bearer_auth(SECRET_KEY), ask().basic_auth(SECRET_KEY, Some(""))] {
        assert_eq!(accepted.send().await.unwrap().status(), 200);
    }
    let json = psp.request(Method::POST, "/v1/payment_intents").bearer_auth(SECRET_KEY).json(&json!({ "amount": 500 }));
    assert_eq!(json.send().await.unwrap().status(), 400, "bodies must be form-encoded");
}
