//! The Lambda entry: a batch of messages of the queue.

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use backon::{ExponentialBuilder, Retryable};
use contracts::{Envelope, TraceContext};
use futures::{StreamExt, stream};
use tokio::time::Instant;
use tracing::{Instrument, info_span};

use super::handle;
use crate::{AppState, Error};

/// How many messages are handled at once: a whole batch, as the event source mapping cuts it.
const CONCURRENCY: usize = 10;

/// Handles a batch within `time`, and reports the messages that are to be delivered again. None takes another one along.
pub async fn handle_batch(state: &AppState, batch: SqsEvent, time: Duration) -> SqsBatchResponse {
    let until = Instant::now() + time;
    let outcomes = batch.records.into_iter().map(|message| async {
        let handled = handle_message(state, &message, until).await;
        (message.message_id.unwrap_or_default(), handled)
    });
    let mut response = SqsBatchResponse::default();
    let mut outcomes = stream::iter(outcomes).buffer_unordered(CONCURRENCY);
    while let Some((message_id, handled)) = outcomes.next().await {
        if handled.is_err() {
            response.add_failure(message_id);
        }
    }
    response
}

/// Handles one message in the trace of the request that caused it, and logs its outcome.
async fn handle_message(state: &AppState, message: &SqsMessage, until: Instant) -> Result<(), Error> {
    let envelope: Envelope = match serde_json::from_str(message.body.as_deref().unwrap_or_default()) {
        Ok(envelope) => envelope,
        Err(error) => {
            let error = Error::from(error);
            tracing::error!(message_id = message.message_id, %error, "the message cannot be read");
            return Err(error);
        }
    };
    let trace = TraceContext::continued(envelope.traceparent.as_deref());
    let (event_id, event_type) = (envelope.id, envelope.event.kind());
    let span = info_span!("event", trace_id = trace.trace_id(), %event_id, event_type);
    let work = async {
        let handled =
            (|| handle(state, &envelope, until)).retry(until_clear()).when(|error| matches!(error, Error::Busy)).await;
        match &handled {
            Ok(()) => tracing::info!("event handled"),
            Err(error) => tracing::error!(%error, "event not handled"),
        }
        handled
    };
    trace.scope(work.instrument(span)).await
}

/// How long to wait for another delivery of the same event that is being handled: some two seconds. Longer than sending
/// takes; if that does not settle it, the queue's next delivery will.
fn until_clear() -> ExponentialBuilder {
    ExponentialBuilder::default().with_min_delay(Duration::from_millis(50)).with_max_times(5).with_jitter()
}
