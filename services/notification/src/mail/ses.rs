//! Sending by Amazon SES.

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

/// Why SES did not send a mail. The reasons are SES's error codes; its texts quote addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It would refuse this mail at any time.
    ForGood(String),
    /// It may take the mail later: it is busy, out of reach, or the account needs an operator. Where an answer was lost
    /// on its way, the mail may have been sent; SES has no means to ask.
    ForNow(String),
}

/// Sends mails from the shop's address.
#[derive(Debug, Clone)]
pub struct Mailer {
    client: Client,
    from: String,
}

impl Mailer {
    /// Mails by `client`, from `from`.
    pub const fn new(client: Client, from: String) -> Self {
        Self { client, from }
    }

    /// Opens the connection while the function starts, where processor time is plentiful, rather than at the
    /// first mail. A failure is only logged: the first mail tries again.
    pub async fn warm_up(&self) {
        if let Err(error) = self.client.get_account().send().await {
            tracing::warn!(error = reason(&error), "SES is not reachable yet");
        }
    }

    /// Sends one mail, and returns SES's id of it. `event_id` goes along as a tag, so that a bounce can be traced back.
    ///
    /// The one layer that repeats the call: while SES has no time for the mail, and as long as one more attempt is over
    /// before `until`.
    ///
    /// # Errors
    /// Says whether the mail may be tried again.
    pub async fn send(&self, to: &str, mail: &Mail, event_id: EventId, until: Instant) -> Result<String, Refusal> {
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
            .retry(waits())
            .when(is_throttled)
            .adjust(|_, wait| wait.filter(|wait| Instant::now() + *wait + SES_TIMEOUT <= until))
            .notify(|error, wait| {
                let wait_ms = wait.as_millis();
                tracing::info!(error = reason(error), wait_ms, "SES has no time for the mail yet");
            });
        match sent.await {
            Ok(answer) => Ok(answer.message_id.unwrap_or_default()),
            Err(error) => Err(refusal(&error)),
        }
    }
}

fn content(text: &str) -> Content {
    Content::builder().data(text).charset("UTF-8").build().expect("the data are set")
}

/// How long to wait before each repetition: exponential up to a cap, with full jitter, so that mails that were refused
/// at the same moment do not all come back at the same moment. It never ends: time does.
fn waits() -> impl Backoff {
    const FIRST: Duration = Duration::from_millis(250);
    const LONGEST: Duration = Duration::from_secs(4);
    successors(Some(FIRST), |longest| Some((*longest * 2).min(LONGEST))).map(|longest| longest.mul_f64(rand::random()))
}

/// SES says that it did not take the mail, because there are too many just now.
///
/// The only failure that is worth repeating at once: everything else that may pass (5xx, a lost connection, a late answer)
/// may also mean that the mail is out, and is for the queue's next delivery.
fn is_throttled(error: &SdkError<SendEmailError>) -> bool {
    error.as_service_error().is_some_and(SendEmailError::is_too_many_requests_exception)
}

fn refusal(error: &SdkError<SendEmailError>) -> Refusal {
    let reason = reason(error);
    match error.as_service_error() {
        // SES has one code for what is wrong with a mail and for an identity that was never verified.
        // The latter is ours to mend, after which the mail can be sent.
        Some(SendEmailError::MessageRejected(rejected))
            if rejected.message().is_some_and(|text| text.contains("not verified")) =>
        {
            Refusal::ForNow(reason)
        }
        Some(SendEmailError::MessageRejected(_) | SendEmailError::BadRequestException(_)) => Refusal::ForGood(reason),
        _ => Refusal::ForNow(reason),
    }
}

/// The error code where SES answered, and what went wrong on the way where it did not.
fn reason<E>(error: &SdkError<E>) -> String
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    error.code().map_or_else(|| contracts::error::chain(error), str::to_owned)
}
