//! Order has not received an answer, and asks again.

use std::collections::HashSet;

use crate::support::TestPayment;
use futures::future::join_all;
use rstest::rstest;

const AUTHORIZED: &str = "shop.payment.authorized.v1";
const DECLINED: &str = "shop.payment.declined.v1";
const VOIDED: &str = "shop.payment.voided.v1";

#[rstest]
#[case::authorized("pm_card_visa", AUTHORIZED)]
#[case::declined("pm_card_chargeDeclined", DECLINED)]
#[tokio::test]
async fn a_repeated_request_gets_its_answer_again_and_no_second_authorization(
    #[case] payment_method: &str,
    #[case] answer: &str,
) {
    let first = TestPayment::new().await.paid_with(payment_method);
    assert!(first.deliver_request().await);
    let ledger = first.ledger().await;

    let again = first.clone().asked_again();
    assert!(again.deliver_request().await);
    assert!(again.deliver_request().await, "a redelivery of the repeated request");
    assert!(first.deliver_request().await, "a redelivery of the first request");

    assert_eq!(again.announced().await, [answer, answer]);
    let envelopes = again.envelopes().await;
    assert_eq!(envelopes[0].event, envelopes[1].event);
    assert_ne!(envelopes[0].id, envelopes[1].id);
    assert_eq!(envelopes[1].sequence, again.payment().await.version);
    assert_eq!(again.ledger().await, ledger);
}

#[tokio::test]
async fn a_repeated_void_gets_its_answer_again() {
    let first = TestPayment::new().await;
    first.deliver_request().await;
    first.deliver_void().await;

    let again = first.clone().asked_again();
    again.fault("*", "error_500", 100).await;
    assert!(again.deliver_void().await);
    assert!(again.deliver_void().await, "a redelivery of the repeated void");
    assert!(first.deliver_void().await && first.redeliver_request().await, "redeliveries of the first events");

    assert_eq!(again.announced().await, [AUTHORIZED, VOIDED, VOIDED]);
}

#[tokio::test]
async fn a_repeated_void_of_a_payment_without_a_request_gets_its_answer_again() {
    let first = TestPayment::new().await;
    first.deliver_void().await;
    let again = first.clone().asked_again();
    assert!(again.deliver_void().await);
    assert!(first.deliver_request().await, "the request arrives after all");

    assert_eq!(again.announced().await, [VOIDED, VOIDED]);
    assert!(again.ledger().await.is_empty());
}

#[tokio::test]
async fn concurrent_repetitions_are_answered_once_each_and_authorized_once() {
    let mut asked = vec![TestPayment::new().await];
    for _ in 0..3 {
        asked.push(asked[asked.len() - 1].clone().asked_again());
    }
    let functions: Vec<_> = asked.iter().chain(&asked).map(TestPayment::another_function).collect();
    join_all(functions.iter().map(TestPayment::deliver_request)).await;
    for payment in &asked {
        payment.deliver_until_handled(payment.request_message()).await;
    }

    let announced = asked[0].announced().await;
    assert!((1..=4).contains(&announced.len()) && announced.iter().all(|kind| *kind == AUTHORIZED), "{announced:?}");
    let versions: HashSet<_> = asked[0].envelopes().await.iter().map(|envelope| envelope.sequence).collect();
    assert_eq!(versions.len(), announced.len());
    assert_eq!(asked[0].ledger().await, ["authorized"]);
}
