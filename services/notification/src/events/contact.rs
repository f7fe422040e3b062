//! Events that wait for contact data: their messages are sent when the data arrive, and removed when the account is
//! deleted.

use contracts::{Envelope, UserId, error::chain};
use tokio::time::Instant;

use super::{notice, queue::Received};
use crate::{AppState, Error};

/// Sends the messages of events that waited for contact data, which have arrived.
///
/// Called at every delivery of contact data, so that the next one finishes an interrupted call. A message that cannot
/// be sent does not block the others. One that can never be sent goes to the dead-letter queue, and not the contact
/// data with it.
pub(super) async fn send_pending(app: &AppState, user_id: UserId, until: Instant) -> Result<(), Error> {
    let mut outcome = Ok(());
    for envelope in app.store.pending(user_id).await? {
        match notice::send(app, &envelope, until).await {
            Ok(()) => app.store.remove_pending(user_id, envelope.id).await?,
            Err(error) => {
                let (pending_event_id, reason) = (envelope.id, chain(&error));
                tracing::warn!(%pending_event_id, error = reason, "pending event not handled");
                if !error.is_retryable() && app.queue.reject(&received(&envelope), &reason).await {
                    app.store.remove_pending(user_id, envelope.id).await?;
                } else {
                    outcome = Err(Error::Pending(reason));
                }
            }
        }
    }
    outcome
}

/// The message of a pending event, which the queue no longer has.
fn received(envelope: &Envelope) -> Received {
    let (message_id, receipt_handle) = (envelope.id.to_string(), String::new());
    Received { message_id, receipt_handle, body: envelope.to_json(), receives: 1 }
}

/// Erases contact data permanently, with all events that wait for them.
///
/// The tombstone is written first, so that no event starts to wait after it.
pub(super) async fn erase(app: &AppState, user_id: UserId) -> Result<(), Error> {
    app.store.erase_contact(user_id).await?;
    for envelope in app.store.pending(user_id).await? {
        app.store.remove_pending(user_id, envelope.id).await?;
    }
    tracing::info!(%user_id, "contact data erased");
    Ok(())
}
