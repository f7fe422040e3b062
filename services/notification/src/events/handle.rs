//! One message: parsed, traced, dispatched by the type of its event.

use std::time::Duration;

use aws_lambda_events::sqs::SqsMessage;
use backon::{ExponentialBuilder, Retryable};
use contracts::{Envelope, Event};
use tokio::time::Instant;
use tracing::{Instrument, field::Empty, info_span};

use super::{contact, notice};
use crate::{AppState, Error};

/// Handles one message, in its trace; the error is logged here, once. A mail that SES throttles is retried until `until`.
pub async fn handle(app: &AppState, message: &SqsMessage, until: Instant) -> Result<(), Error> {
    let body = message.body.as_deref().unwrap_or_default();
    let envelope: Envelope = serde_json::from_str(body).map_err(Error::from).inspect_err(|error| {
        tracing::error!(message_id = message.message_id, %error, "unreadable message");
    })?;
    let (event_id, event_type) = (envelope.id, envelope.event.kind());
    let span = info_span!("event", otel.kind = "consumer", trace_id = Empty, %event_id, event_type);
    let trace = contracts::span::enter(&span, envelope.traceparent.as_deref());
    let work = async {
        (|| dispatch(app, &envelope, until))
            .retry(claim_backoff())
            .when(|error| matches!(error, Error::Claimed))
            .await
            .inspect(|()| tracing::info!("event handled"))
            .inspect_err(|error| tracing::error!(error = contracts::error::chain(error), "event not handled"))
    };
    trace.scope(work.instrument(span)).await
}

/// Handles one event. Repeated, concurrent and reordered calls are safe.
pub async fn dispatch(app: &AppState, envelope: &Envelope, until: Instant) -> Result<(), Error> {
    match &envelope.event {
        Event::UserRegistered(data) => {
            app.store.put_contact(data.user_id, envelope.sequence, &data.contact).await?;
            notice::send(app, envelope, until).await?;
            contact::send_waiting(app, data.user_id, until).await
        }
        Event::UserUpdated(data) => {
            app.store.put_contact(data.user_id, envelope.sequence, &data.contact).await?;
            contact::send_waiting(app, data.user_id, until).await
        }
        Event::UserDeleted(data) => contact::erase(app, data.user_id).await,
        _ => notice::send(app, envelope, until).await,
    }
}

/// Retries while another delivery of the event holds the claim: some two seconds, longer than sending takes. After that,
/// the queue's next delivery retries.
fn claim_backoff() -> ExponentialBuilder {
    ExponentialBuilder::default().with_min_delay(Duration::from_millis(50)).with_max_times(5).with_jitter()
}
