//! What comes from queues: one handler per kind of message, free of transport; the loop that receives them; and what
//! keeps orders from waiting for ever.

use std::future::Future;

use serde::de::DeserializeOwned;
use tracing::{Instrument, Span};

use crate::{error::Error, telemetry};

pub mod deadlines;
pub mod inbox;
pub mod queue;
pub mod replica;
pub mod saga;
pub mod sweep;

/// What a message says.
fn read<T: DeserializeOwned>(body: &str) -> Result<T, Error> {
    Ok(serde_json::from_str(body).inspect_err(|cause| tracing::error!(%cause, "a message cannot be read"))?)
}

/// The boundary of messages: does the work within `span`, in the trace that the message came with, and logs what went
/// wrong, once.
async fn traced(
    traceparent: Option<&str>,
    span: Span,
    work: impl Future<Output = Result<(), Error>>,
) -> Result<(), Error> {
    let trace = telemetry::begin(&span, traceparent);
    let work = async { work.await.inspect_err(|cause| tracing::error!(%cause, "a message was not handled")) };
    trace.scope(work.instrument(span)).await
}
