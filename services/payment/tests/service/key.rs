//! The processor's secret key: read from Secrets Manager at start, and again if it is refused or old.

use std::time::Duration;

use crate::support::TestPayment;
use contracts::error::chain;
use payment::processor::Timing;

/// Every call reads the key again.
const ALWAYS_REFRESH: Timing = Timing {
    key_max_age: Duration::ZERO,
    key_min_pause: Duration::ZERO,
    key_retry_pause: Duration::ZERO,
    breaker_open: Duration::from_secs(10),
};

#[tokio::test]
async fn a_line_break_at_the_end_of_the_secret_is_not_part_of_the_key() {
    let payment = TestPayment::new().await;
    payment.rotate_key_to(&format!("{}\n", payment.key)).await;
    assert!(payment.deliver_request().await);
}

#[tokio::test]
async fn a_call_that_is_refused_after_a_rotation_succeeds_with_the_new_key() {
    let payment = TestPayment::with_timing(Timing { key_min_pause: Duration::ZERO, ..Timing::default() }).await;
    payment.rotate_key_to("sk_test_before").await;
    payment.app.warm_up().await;
    payment.rotate_key_to(&payment.key).await;

    assert!(payment.deliver_request().await);
    assert_eq!(payment.ledger().await, ["authorized"]);
}

#[tokio::test]
async fn a_refused_key_is_not_read_again_within_the_pause() {
    let payment = TestPayment::new().await;
    payment.rotate_key_to("sk_test_before").await;
    payment.app.warm_up().await;
    payment.rotate_key_to(&payment.key).await;

    assert!(!payment.deliver_request().await);
    assert!(payment.another_function().deliver_request().await, "a function reads the key when it starts");
}

#[tokio::test]
async fn an_old_key_is_read_again_although_the_processor_accepts_it() {
    let payment = TestPayment::with_timing(ALWAYS_REFRESH).await;
    payment.app.warm_up().await;
    payment.rotate_key_to("sk_test_of_another_shop").await;

    assert!(!payment.deliver_request().await, "the processor refuses the other key");
}

#[tokio::test]
async fn an_old_key_stays_in_use_while_the_secret_holds_no_key() {
    let payment = TestPayment::with_timing(ALWAYS_REFRESH).await;
    payment.app.warm_up().await;
    payment.rotate_key_to("not a key").await;

    assert!(payment.deliver_request().await);
}

#[tokio::test]
async fn an_error_without_a_key_names_the_secret_and_does_not_quote_it() {
    let arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:missing-AbCdEf";
    let payment = TestPayment::with_config(|config| config.stripe_secret_key_arn = arn.to_owned()).await;
    let missing = chain(&payment.app.processor.read_key().await.unwrap_err());
    assert!(missing.contains(arn) && missing.contains("ResourceNotFoundException"), "{missing}");

    let payment = TestPayment::new().await;
    payment.rotate_key_to("sk_test_secret sk_test_other").await;
    let unusable = chain(&payment.app.processor.read_key().await.unwrap_err());
    assert!(unusable.contains(&payment.config.stripe_secret_key_arn), "{unusable}");
    assert!(!unusable.contains("sk_test"), "{unusable}");
}

#[tokio::test]
async fn a_function_that_started_without_a_key_handles_messages_once_it_can_read_one() {
    let payment = TestPayment::with_timing(ALWAYS_REFRESH).await;
    payment.rotate_key_to("not a key").await;
    payment.app.warm_up().await;
    assert!(!payment.deliver_request().await, "without a key, messages are handled later");
    assert!(payment.dead_letters().await.is_empty());

    payment.rotate_key_to(&payment.key).await;
    assert!(payment.deliver_request().await);
    assert_eq!(payment.ledger().await, ["authorized"]);
}

#[tokio::test]
async fn messages_do_not_wait_for_a_key_that_could_not_be_read_a_moment_ago() {
    let payment = TestPayment::new().await;
    payment.rotate_key_to("not a key").await;
    payment.app.warm_up().await;
    payment.rotate_key_to(&payment.key).await;

    assert!(!payment.deliver_request().await, "the secret is not read again at once");
    assert!(payment.another_function().deliver_request().await);
}
