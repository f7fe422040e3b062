//! The processor's key, as Secrets Manager keeps it, is read at the start, and again when there is a reason to.

use std::time::Duration;

use crate::support::Bench;
use contracts::error::chain;

#[tokio::test]
async fn a_line_break_at_the_end_of_the_secret_is_not_part_of_the_key() {
    let bench = Bench::new().await;
    bench.rotate_key_to(&format!("{}\n", bench.key)).await;
    assert!(bench.deliver_request().await);
}

#[tokio::test]
async fn a_rotated_key_is_picked_up_by_the_call_that_the_processor_refused() {
    let bench = Bench::with(|config| config.processor_key_min_pause = Duration::ZERO).await;
    bench.rotate_key_to("sk_test_before").await;
    bench.app.warm_up().await.unwrap();
    bench.rotate_key_to(&bench.key).await;

    assert!(bench.deliver_request().await);
    assert_eq!(bench.ledger().await, ["authorized"]);
}

#[tokio::test]
async fn a_key_that_is_refused_is_not_read_again_within_the_pause() {
    let bench = Bench::new().await;
    bench.rotate_key_to("sk_test_before").await;
    bench.app.warm_up().await.unwrap();
    bench.rotate_key_to(&bench.key).await;

    assert!(!bench.deliver_request().await);
    assert!(bench.another_function().deliver_request().await, "a function that starts reads it");
}

#[tokio::test]
async fn an_old_key_is_read_again_although_nobody_refuses_it() {
    let bench = Bench::with(|config| {
        config.processor_key_min_pause = Duration::ZERO;
        config.processor_key_max_age = Duration::ZERO;
    })
    .await;
    bench.app.warm_up().await.unwrap();
    bench.rotate_key_to("sk_test_of_another_shop").await;

    assert!(!bench.deliver_request().await, "the other key is shown, and refused");
}

#[tokio::test]
async fn an_old_key_stays_in_use_while_there_is_no_other() {
    let bench = Bench::with(|config| {
        config.processor_key_min_pause = Duration::ZERO;
        config.processor_key_max_age = Duration::ZERO;
    })
    .await;
    bench.app.warm_up().await.unwrap();
    bench.rotate_key_to("not a key").await;

    assert!(bench.deliver_request().await);
}

#[tokio::test]
async fn a_function_without_a_key_does_not_start_and_says_which_secret_it_lacks() {
    let arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:nobody-made-AbCdEf";
    let bench = Bench::with(|config| config.stripe_secret_key_arn = arn.to_owned()).await;
    let missing = chain(&bench.app.warm_up().await.unwrap_err());
    assert!(missing.contains(arn) && missing.contains("ResourceNotFoundException"), "{missing}");

    let bench = Bench::new().await;
    bench.rotate_key_to("sk_test_secret sk_test_other").await;
    let unusable = chain(&bench.app.warm_up().await.unwrap_err());
    assert!(unusable.contains(&bench.config.stripe_secret_key_arn), "{unusable}");
    assert!(!unusable.contains("sk_test"), "{unusable}");
    assert!(!bench.deliver_request().await, "without a key, messages wait");
}
