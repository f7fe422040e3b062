mod contact;
mod notice;
mod sqs;

use contracts::{Envelope, Event};
use tokio::time::Instant;

use crate::{AppState, Error};

pub use sqs::handle_batch;

/// Does what an event asks for. Can be repeated, also at the same time, and in any order.
///
/// A mail that SES has no time for is tried again until `until`.
///
/// # Errors
/// Where the event has to be delivered again.
pub async fn handle(state: &AppState, envelope: &Envelope, until: Instant) -> Result<(), Error> {
    match &envelope.event {
        Event::UserRegistered(data) => {
            state.store.put_contact(data.user_id, envelope.sequence, &data.contact).await?;
            notice::send(state, envelope, until).await?;
            contact::send_waiting(state, data.user_id, until).await
        }
        Event::UserUpdated(data) => {
            state.store.put_contact(data.user_id, envelope.sequence, &data.contact).await?;
            contact::send_waiting(state, data.user_id, until).await
        }
        Event::UserDeleted(data) => contact::erase(state, data.user_id).await,
        _ => notice::send(state, envelope, until).await,
    }
}
