//! SES refuses mails. The emulated SES refuses only unverified senders, so a small server stands in for SES here.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{Router, http::StatusCode};
use notification::{
    aws::{self, SES_TIMEOUT},
    mail::Mailer,
};
use stack::testing::eventually;
use tokio::net::TcpListener;

use crate::support::{Customer, Notification, SENDER, verify};

/// A server in the place of SES that refuses all calls, or the first ones, with the same error, and counts them.
struct RefusingSes {
    endpoint: String,
    calls: Arc<AtomicUsize>,
}

impl RefusingSes {
    async fn start(status: StatusCode, error: &'static str, message: &'static str) -> Self {
        Self::first(usize::MAX, status, error, message).await
    }

    /// Accepts every mail after the first `refusals` calls.
    async fn first(refusals: usize, status: StatusCode, error: &'static str, message: &'static str) -> Self {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        let respond = move || {
            let refused = counted.fetch_add(1, Ordering::SeqCst) < refusals;
            let (status, error, body) = if refused {
                (status, error, serde_json::json!({ "message": message }))
            } else {
                (StatusCode::OK, "", serde_json::json!({ "MessageId": "accepted" }))
            };
            let headers = [("x-amzn-errortype", error), ("content-type", "application/json")];
            std::future::ready((status, headers, body.to_string()))
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, Router::new().fallback(respond)).into_future());
        Self { endpoint, calls }
    }

    /// Makes the function call this server, with its own client settings.
    fn replace(&self, notification: &mut Notification) {
        let aws = notification.aws.sdk_config().to_builder().endpoint_url(&self.endpoint).build();
        let client = aws_sdk_sesv2::Client::from_conf(aws::ses(&aws));
        notification.app.mailer = Mailer::new(client, SENDER.to_owned());
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_permanently_rejected_mail_is_recorded_and_acknowledged() {
    for error in ["MessageRejected", "BadRequestException"] {
        let mut notification = Notification::start().await;
        let ses = RefusingSes::start(StatusCode::BAD_REQUEST, error, "Illegal address").await;
        ses.replace(&mut notification);
        let registered = Customer::new().registered();

        for _ in 0..2 {
            assert_eq!(notification.deliver(&[&registered]).await, 0, "{error}");
        }

        assert_eq!(ses.calls(), 1, "{error} is not retried");
        let table = notification.table_text().await;
        assert!(table.contains("\"failed\"") && table.contains(error), "{table}");
    }
}

#[tokio::test]
async fn a_throttled_mail_is_retried_within_the_delivery() {
    let mut notification = Notification::start().await;
    let ses = RefusingSes::first(3, StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", "Later").await;
    ses.replace(&mut notification);
    let registered = Customer::new().registered();

    for _ in 0..2 {
        assert_eq!(notification.deliver(&[&registered]).await, 0);
    }

    assert_eq!(ses.calls(), 4, "three refusals and one mail");
    let table = notification.table_text().await;
    assert!(table.contains("\"sent\"") && table.contains("\"accepted\""), "{table}");
}

#[tokio::test]
async fn a_throttled_mail_returns_to_the_queue_and_is_delivered_again_after_a_backoff() {
    let mut notification = Notification::start().await;
    let ses = RefusingSes::start(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", "Later").await;
    let customer = Customer::new();
    let real = notification.app.mailer.clone();
    notification.enqueue(&customer.registered().to_json()).await;
    notification.enqueue("poison").await;

    ses.replace(&mut notification);
    assert_eq!(notification.poll().await, (2, 1), "the poison is moved, the mail is kept");
    assert_eq!(notification.dead_letters().await.len(), 1);

    notification.app.mailer = real;
    // Far less than the visibility timeout of the queue, which is three minutes.
    eventually("the message is delivered again", Duration::from_secs(20), async || {
        let (received, deleted) = notification.poll().await;
        (received > 0).then(|| assert_eq!(deleted, 1))
    })
    .await;
    assert_eq!(notification.subjects(&customer).await, ["Welcome to the shop"]);
    assert!(notification.dead_letters().await.is_empty());
}

#[tokio::test]
async fn a_batch_above_the_quota_loses_no_mail() {
    let mut notification = Notification::start().await;
    let ses = RefusingSes::first(25, StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", "Later").await;
    ses.replace(&mut notification);
    let registered: Vec<_> = (0..10).map(|_| Customer::new().registered()).collect();

    assert_eq!(notification.deliver(&registered.iter().collect::<Vec<_>>()).await, 0);

    assert_eq!(ses.calls(), 35, "every refusal, and every mail once");
}

#[tokio::test]
async fn a_throttled_mail_returns_to_the_queue_when_the_functions_time_is_short() {
    let mut notification = Notification::start().await;
    let ses = RefusingSes::start(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", "Later").await;
    let customer = Customer::new();
    let body = customer.registered().to_json();
    let real = notification.app.mailer.clone();

    ses.replace(&mut notification);
    let (started, time) = (Instant::now(), SES_TIMEOUT + Duration::from_secs(1));
    assert_eq!(notification.deliver_within(time, std::slice::from_ref(&body)).await, [0]);
    assert!(ses.calls() >= 2, "{} calls", ses.calls());
    assert!(started.elapsed() < time, "no attempt starts that could not end in time");

    notification.app.mailer = real;
    for _ in 0..2 {
        assert!(notification.deliver_bodies(std::slice::from_ref(&body)).await.is_empty());
    }
    assert_eq!(notification.subjects(&customer).await, ["Welcome to the shop"]);
}

#[tokio::test]
async fn a_mail_that_may_have_been_sent_is_left_to_the_next_delivery() {
    for (status, error) in [
        (StatusCode::BAD_REQUEST, "SendingPausedException"),
        (StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure"),
        (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable"),
    ] {
        let mut notification = Notification::start().await;
        let ses = RefusingSes::start(status, error, "Later").await;
        let customer = Customer::new();
        let registered = customer.registered();
        let real = notification.app.mailer.clone();

        ses.replace(&mut notification);
        assert_eq!(notification.deliver(&[&registered]).await, 1, "{error}");
        assert_eq!(ses.calls(), 1, "{error} is not retried within the delivery, which might send twice");

        notification.app.mailer = real;
        for _ in 0..2 {
            assert_eq!(notification.deliver(&[&registered]).await, 0);
        }
        assert_eq!(notification.subjects(&customer).await, ["Welcome to the shop"]);
    }
}

#[tokio::test]
async fn pending_events_are_kept_while_ses_is_unavailable() {
    let mut notification = Notification::start().await;
    let ses = RefusingSes::start(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", "Later").await;
    let customer = Customer::new();
    let registered = customer.registered();
    let real = notification.app.mailer.clone();

    ses.replace(&mut notification);
    assert_eq!(notification.deliver(&[&customer.confirmed()]).await, 0);
    assert_eq!(notification.deliver(&[&registered]).await, 1);

    notification.app.mailer = real;
    assert_eq!(notification.deliver(&[&registered]).await, 0);
    assert_eq!(notification.subjects(&customer).await, ["Welcome to the shop", "Your order is confirmed: 42.47 EUR"]);
}

#[tokio::test]
async fn mails_of_an_unverified_sender_are_sent_after_its_verification() {
    let notification = Notification::start_with_sender("Shop <orders@young.example>").await;
    let customer = Customer::new();
    let registered = customer.registered();

    assert_eq!(notification.deliver(&[&registered]).await, 1);

    verify(&notification.aws, "young.example").await;
    assert_eq!(notification.deliver(&[&registered]).await, 0);
    assert_eq!(notification.subjects(&customer).await, ["Welcome to the shop"]);
}
