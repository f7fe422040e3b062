//! Messages in: [`sqs`] is the polling loop, [`queue`] carries out the outcome of a message, [`handle`] dispatches the
//! events of other services, and [`sweep`] finds orders that are due.

use std::future::Future;

use tracing::{Instrument, Span};

use crate::error::Error;
use queue::Outcome;

mod catalogue;
pub mod handle;
pub mod queue;
pub(crate) mod sqs;
pub(crate) mod sweep;

/// The boundary of messages: runs `work` within `span`, in the message's trace.
async fn traced(traceparent: Option<&str>, span: Span, work: impl Future<Output = Result<(), Error>>) -> Outcome {
    let trace = contracts::span::enter(&span, traceparent);
    trace.scope(async { outcome(work.await) }.instrument(span)).await
}

/// Logs an error, once, and decides what becomes of the message.
fn outcome(result: Result<(), Error>) -> Outcome {
    let Err(error) = result else { return Outcome::Done };
    let text = contracts::error::chain(&error);
    if error.is_retryable() {
        tracing::warn!(error = text, "message not handled, retried later");
        Outcome::Later
    } else {
        tracing::error!(error = text, "message not handled");
        Outcome::Never(text)
    }
}
