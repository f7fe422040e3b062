//! SES says no. The emulated SES refuses only unverified senders, so here a small server answers for the real one.

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
use tokio::net::TcpListener;

use crate::support::{Customer, Notification, SENDER, verify};

/// An SES that refuses mails in the same way, all of them or the first ones, and counts.
struct Refusing {
    endpoint: String,
    calls: Arc<AtomicUsize>,
}

impl Refusing {
    async fn start(status: StatusCode, error: &'static str, message: &'static str) -> Self {
        Self::first(usize::MAX, status, error, message).await
    }

    /// Takes every mail after the first `refusals` calls.
    async fn first(refusals: usize, status: StatusCode, error: &'static str, message: &'static str) -> Self {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        let answer = move || {
            let refused = counted.fetch_add(1, Ordering::SeqCst) < refusals;
            let (status, error, body) = if refused {
                (status, error, serde_json::json!({ "message": message }))
            } else {
                (StatusCode::OK, "", serde_json::json!({ "MessageId": "taken" }))
            };
            let headers = [("x-amzn-errortype", error), ("content-type", "application/json")];
            std::future::ready((status, headers, body.to_string()))
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, Router::new().fallback(answer)).into_future());
        Self { endpoint, calls }
    }

    /// Puts it in the place of SES, with the function's own way of calling.
    fn replace(&self, notification: &mut Notification) {
        let aws = notification.aws.sdk_config().to_builder().endpoint_url(&self.endpoint).build();
        let client = aws_sdk_sesv2::Client::from_conf(aws::ses(&aws));
        notification.state.mailer = Mailer::new(client, SENDER.to_owned());
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_mail_that_is_refused_for_good_is_recorded_and_acknowledged() {
    for error in ["MessageRejected", "BadRequestException"] {
        let mut notification = Notification::start().await;
        let ses = Refusing::start(StatusCode::BAD_REQUEST, error, "Illegal address").await;
        ses.replace(&mut notification);
        let registered = Customer::new().registered();

        for _ in 0..2 {
            assert_eq!(notification.deliver(&[&registered]).await, 0, "{error}");
        }

        assert_eq!(ses.calls(), 1, "{error} is not tried again");
        let table = notification.table_text().await;
        assert!(table.contains("\"failed\"") && table.contains(error), "{table}");
    }
}

#[tokio::test]
async fn a_mail_that_ses_has_no_time_for_is_tried_again_within_the_delivery() {
    let mut notification = Notification::start().await;
    let ses = Refusing::first(3, StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", "Later").await;
    ses.replace(&mut notification);
    let registered = Customer::new().registered();

    for _ in 0..2 {
        assert_eq!(notification.deliver(&[&registered]).await, 0);
    }

    assert_eq!(ses.calls(), 4, "three refusals and one mail");
    let table = notification.table_text().await;
    assert!(table.contains("\"sent\"") && table.contains("\"taken\""), "{table}");
}

#[tokio::test]
async fn a_batch_above_the_quota_loses_no_mail() {
    let mut notification = Notification::start().await;
    let ses = Refusing::first(25, StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", "Later").await;
    ses.replace(&mut notification);
    let registered: Vec<_> = (0..10).map(|_| Customer::new().registered()).collect();

    assert_eq!(notification.deliver(&registered.iter().collect::<Vec<_>>()).await, 0);

    assert_eq!(ses.calls(), 35, "every refusal, and every mail once");
}

#[tokio::test]
async fn a_mail_that_ses_has_no_time_for_goes_back_to_the_queue_when_the_functions_time_is_short() {
    let mut notification = Notification::start().await;
    let ses = Refusing::start(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", "Later").await;
    let customer = Customer::new();
    let body = customer.registered().to_json();
    let real = notification.state.mailer.clone();

    ses.replace(&mut notification);
    let (began, time) = (Instant::now(), SES_TIMEOUT + Duration::from_secs(1));
    assert_eq!(notification.deliver_within(time, std::slice::from_ref(&body)).await, [0]);
    assert!(ses.calls() >= 2, "{} calls", ses.calls());
    assert!(began.elapsed() < time, "an attempt that could not end in time was begun");

    notification.state.mailer = real;
    for _ in 0..2 {
        assert!(notification.deliver_bodies(std::slice::from_ref(&body)).await.is_empty());
    }
    assert_eq!(notification.subjects(&customer).await, ["Welcome to the shop"]);
}

#[tokio::test]
async fn a_mail_that_may_be_out_is_left_to_the_next_delivery() {
    for (status, error) in [
        (StatusCode::BAD_REQUEST, "SendingPausedException"),
        (StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure"),
        (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable"),
    ] {
        let mut notification = Notification::start().await;
        let ses = Refusing::start(status, error, "Later").await;
        let customer = Customer::new();
        let registered = customer.registered();
        let real = notification.state.mailer.clone();

        ses.replace(&mut notification);
        assert_eq!(notification.deliver(&[&registered]).await, 1, "{error}");
        assert_eq!(ses.calls(), 1, "{error} is left to redelivery: a retry might send twice");

        notification.state.mailer = real;
        for _ in 0..2 {
            assert_eq!(notification.deliver(&[&registered]).await, 0);
        }
        assert_eq!(notification.subjects(&customer).await, ["Welcome to the shop"]);
    }
}

#[tokio::test]
async fn mails_that_wait_are_kept_while_ses_is_away() {
    let mut notification = Notification::start().await;
    let ses = Refusing::start(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", "Later").await;
    let customer = Customer::new();
    let registered = customer.registered();
    let real = notification.state.mailer.clone();

    ses.replace(&mut notification);
    assert_eq!(notification.deliver(&[&customer.confirmed()]).await, 0);
    assert_eq!(notification.deliver(&[&registered]).await, 1);

    notification.state.mailer = real;
    assert_eq!(notification.deliver(&[&registered]).await, 0);
    assert_eq!(notification.subjects(&customer).await, ["Welcome to the shop", "Your order is confirmed: 42.47 EUR"]);
}

#[tokio::test]
async fn a_sender_that_is_not_verified_yet_loses_no_mail() {
    let notification = Notification::start_with_sender("Shop <orders@young.example>").await;
    let customer = Customer::new();
    let registered = customer.registered();

    assert_eq!(notification.deliver(&[&registered]).await, 1);

    verify(&notification.aws, "young.example").await;
    assert_eq!(notification.deliver(&[&registered]).await, 0);
    assert_eq!(notification.subjects(&customer).await, ["Welcome to the shop"]);
}
