//! The function's entry: a batch of SQS messages in, the ids of those that are to be delivered again out.

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use contracts::{Envelope, Event, TraceContext};
use futures::{StreamExt, stream};
use tracing::{Instrument, Span, field};

use super::handle;
use crate::error::chain;
use crate::{AppState, Error};

/// How many messages of a batch are handled at once: all of them, since each mostly waits for the processor.
const CONCURRENCY: usize = 10;

/// Handles the messages within `time`. One that fails, or is not done by then, is delivered again; the others are not.
pub async fn handle_batch(app: &AppState, batch: SqsEvent, time: Duration) -> SqsBatchResponse {
    let failed = stream::iter(batch.records)
        .map(|message| async move {
            let handled = handle_message(app, &message, time).await;
            // Every message of SQS has an id. Without one, an empty id makes Lambda deliver the whole batch again.
            handled.is_err().then(|| message.message_id.unwrap_or_default())
        })
        .buffer_unordered(CONCURRENCY)
        .filter_map(std::future::ready)
        .collect::<Vec<_>>()
        .await;
    let mut response = SqsBatchResponse::default();
    response.set_failures(failed);
    response
}

/// Handles one message, in the trace and span of its event; a failure is logged here and nowhere else.
async fn handle_message(app: &AppState, message: &SqsMessage, time: Duration) -> Result<(), Error> {
    let body = message.body.as_deref().unwrap_or_default();
    let envelope: Envelope = serde_json::from_str(body).map_err(Error::Unreadable).inspect_err(|error| {
        tracing::error!(error = chain(error), message_id = message.message_id, "message not handled");
    })?;
    let trace = TraceContext::continued(envelope.traceparent.as_deref());
    let handled = async {
        let in_time = tokio::time::timeout(time, handle(app, &envelope.event)).await;
        let handled = in_time.unwrap_or(Err(Error::OutOfTime));
        handled.inspect(|()| tracing::info!("event handled")).inspect_err(report)
    };
    trace.scope(handled).instrument(span(&envelope, &trace)).await
}

fn report(error: &Error) {
    if error.needs_attention() {
        tracing::error!(error = chain(error), "event not handled");
    } else {
        tracing::warn!(error = chain(error), "event not handled yet");
    }
}

fn span(envelope: &Envelope, trace: &TraceContext) -> Span {
    let span = tracing::info_span!(
        "event",
        trace_id = trace.trace_id(),
        event_id = %envelope.id,
        event_type = envelope.event.kind(),
        order_id = field::Empty,
        payment_id = field::Empty,
        user_id = field::Empty,
    );
    match &envelope.event {
        Event::PaymentRequested(request) => {
            span.record("order_id", field::display(request.order_id));
            span.record("payment_id", field::display(request.payment_id));
            span.record("user_id", field::display(request.user_id));
        }
        Event::VoidRequested(void) => {
            span.record("order_id", field::display(void.order_id));
            span.record("payment_id", field::display(void.payment_id));
        }
        _ => {}
    }
    span
}
