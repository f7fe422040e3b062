//! Sends mails by Amazon SES.

use std::iter::successors;
use std::time::Duration;

use aws_sdk_sesv2::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::send_email::SendEmailError,
    types::{Body, Content, Destination, EmailContent, Message, MessageTag},
};
use backon::{Backoff, Retryable};
use contracts::EventId;
use tokio::time::Instant;

use super::Mail;
use crate::aws::SES_TIMEOUT;

/// SES did not send a mail. The text is SES's error code, because SES's messages quote addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendError {
    /// SES rejects this mail at any time.
    Permanent(String),
    /// SES may accept the mail later: it throttles, is not reachable, or the account needs an operator. If a response
    /// was lost, the mail may have been sent; SES offers no way to look that up.
    Temporary(String),
}

/// Sends mails from the shop's address.
#[derive(Debug, Clone)]
pub struct Mailer {
    client: Client,
    from: String,
}

impl Mailer {
    /// Sends mails with the sender `from`.
    pub const fn new(client: Client, from: String) -> Self {
        Self { client, from }
    }

    /// Opens a connection while the function starts, when CPU time is plentiful, instead of at the first mail. A
    /// failure is only logged; the first mail tries again.
    pub async fn warm_up(&self) {
        if let Err(error) = self.client.get_account().send().await {
            tracing::warn!(error = reason(&error), "could not reach SES at start");
        }
    }

    /// Sends one mail and returns its SES message id. `event_id` becomes a tag of the mail, for tracing bounces.
    ///
    /// The only retry layer of the call: retries while SES throttles, as long as another attempt ends before `until`.
    pub async fn send(&self, to: &str, mail: &Mail, event_id: EventId, until: Instant) -> Result<String, SendError> {
        let body = Body::builder().text(content(&mail.text)).html(content(&mail.html)).build();
        let message = Message::builder().subject(content(&mail.subject)).body(body).build();
        let tag = MessageTag::builder().name("event_id").value(event_id.to_string()).build();
        let call = self
            .client
            .send_email()
            .from_email_address(&self.from)
            .destination(Destination::builder().to_addresses(to).build())
            .content(EmailContent::builder().simple(message).build())
            .email_tags(tag.expect("name and value are set"));
        let sent = (|| call.clone().send())
            .retry(backoff())
            .when(is_throttled)
            .adjust(|_, delay| delay.filter(|delay| Instant::now() + *delay + SES_TIMEOUT <= until))
            .notify(|error, delay| {
                let delay_ms = delay.as_millis();
                tracing::info!(error = reason(error), delay_ms, "SES throttled SendEmail");
            });
        match sent.await {
            Ok(response) => Ok(response.message_id.unwrap_or_default()),
            Err(error) => Err(send_error(&error)),
        }
    }
}

fn content(text: &str) -> Content {
    Content::builder().data(text).charset("UTF-8").build().expect("the content is set")
}

/// Delays before the retries: exponential up to a maximum, with full jitter, so that mails that were throttled at the
/// same moment are not all retried at the same moment. Unlimited in number, because the caller limits the time.
fn backoff() -> impl Backoff {
    const FIRST: Duration = Duration::from_millis(250);
    const MAXIMUM: Duration = Duration::from_secs(4);
    successors(Some(FIRST), |limit| Some((*limit * 2).min(MAXIMUM))).map(|limit| limit.mul_f64(fastrand::f64()))
}

/// Whether SES reports that it did not accept the mail because of too many requests.
///
/// No other error is retried within the delivery: after a 5xx, a lost connection or a timeout the mail may have been
/// sent, and the retry is left to the queue's next delivery.
fn is_throttled(error: &SdkError<SendEmailError>) -> bool {
    error.as_service_error().is_some_and(SendEmailError::is_too_many_requests_exception)
}

fn send_error(error: &SdkError<SendEmailError>) -> SendError {
    let reason = reason(error);
    match error.as_service_error() {
        // SES has the same code for a defect of the mail and for an unverified sender. An operator can verify the
        // sender, and then the mail can be sent.
        Some(SendEmailError::MessageRejected(rejected))
            if rejected.message().is_some_and(|text| text.contains("not verified")) =>
        {
            SendError::Temporary(reason)
        }
        Some(SendEmailError::MessageRejected(_) | SendEmailError::BadRequestException(_)) => {
            SendError::Permanent(reason)
        }
        _ => SendError::Temporary(reason),
    }
}

/// SES's error code, or the chain of causes if SES did not respond.
fn reason<E>(error: &SdkError<E>) -> String
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    error.code().map_or_else(|| contracts::error::chain(error), str::to_owned)
}
