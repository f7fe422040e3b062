//! What waits for contact data: sent when they come, forgotten when they go.

use contracts::UserId;
use tokio::time::Instant;

use super::notice;
use crate::{AppState, Error};

/// Sends what waited for contact data that are there now.
///
/// This is done at every delivery of them, so that one that broke off is made good by the next. A message that cannot be
/// sent holds up no other.
pub(super) async fn send_waiting(state: &AppState, user_id: UserId, until: Instant) -> Result<(), Error> {
    let mut outcome = Ok(());
    for envelope in state.store.waiting(user_id).await? {
        match notice::send(state, &envelope, until).await {
            Ok(()) => state.store.forget_waiting(user_id, envelope.id).await?,
            Err(error) => {
                tracing::error!(waiting_event_id = %envelope.id, %error, "the message goes on waiting");
                outcome = Err(error);
            }
        }
    }
    outcome
}

/// Erases contact data for ever, with everything that waited for them.
///
/// The tombstone comes first: from then on nothing can begin to wait.
pub(super) async fn erase(state: &AppState, user_id: UserId) -> Result<(), Error> {
    state.store.erase_contact(user_id).await?;
    for envelope in state.store.waiting(user_id).await? {
        state.store.forget_waiting(user_id, envelope.id).await?;
    }
    tracing::info!(%user_id, "contact data erased");
    Ok(())
}
