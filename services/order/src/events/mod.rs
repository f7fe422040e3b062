//! Messages in: [`sqs`] is the polling loop, [`handle`] dispatches the events of other services, and [`sweep`] finds
//! orders whose deadline has passed without a message.

use std::future::Future;

use serde::de::DeserializeOwned;
use tracing::{Instrument, Span};

use crate::error::Error;

mod catalogue;
pub mod deadlines;
pub mod handle;
pub(crate) mod sqs;
pub(crate) mod sweep;

fn parse<T: DeserializeOwned>(body: &str) -> Result<T, Error> {
    Ok(serde_json::from_str(body).inspect_err(|error| tracing::error!(%error, "unreadable message"))?)
}

/// The boundary of messages: runs `work` within `span`, in the message's trace, and logs its error once.
async fn traced(
    traceparent: Option<&str>,
    span: Span,
    work: impl Future<Output = Result<(), Error>>,
) -> Result<(), Error> {
    let trace = contracts::span::enter(&span, traceparent);
    let work = async {
        work.await.inspect_err(|error| tracing::error!(error = contracts::error::chain(error), "message not handled"))
    };
    trace.scope(work.instrument(span)).await
}
