//! One message for one event.

use contracts::{Envelope, event::user::Contact};
use tokio::time::Instant;
use tracing::field::display;

use crate::{
    AppState, Error, clock,
    domain::{channel::Channel, contact::Recipient, letter::Letter, locale::Locale, notice::Notice},
    mail::{Mail, Refusal},
    store::{Claimed, Kept, Settled},
};

/// Sends the message of an event, unless it was sent before; lets it wait where the contact data are not there yet.
///
/// Where the process dies between SES's answer and the mark, the message is sent again when the claim has expired: a
/// confirmation that comes twice is better than one that never comes.
///
/// # Errors
/// Where the event has to be delivered again.
pub(super) async fn send(state: &AppState, envelope: &Envelope, until: Instant) -> Result<(), Error> {
    let Some(notice) = Notice::of(&envelope.event) else {
        return Ok(());
    };
    let (user_id, order_id) = (notice.user_id, notice.order_id().map(display));
    match state.store.recipient(user_id).await? {
        Recipient::Known(contact) => send_mail(state, envelope, &notice, &contact, until).await,
        Recipient::Unknown => match state.store.keep_waiting(user_id, envelope, clock::now()).await? {
            Kept::Waiting => {
                tracing::info!(%user_id, order_id, "the message waits for contact data");
                Ok(())
            }
            Kept::Overtaken => Err(Error::Claimed),
        },
        Recipient::Deleted => {
            tracing::info!(%user_id, order_id, "the account is deleted: nothing is sent");
            Ok(())
        }
    }
}

async fn send_mail(
    state: &AppState,
    envelope: &Envelope,
    notice: &Notice,
    contact: &Contact,
    until: Instant,
) -> Result<(), Error> {
    let mail = compose(state, notice, contact)?;
    let claim = match state.store.claim(envelope.id, envelope.event.kind(), Channel::Email, clock::now()).await? {
        Claimed::Ours(claim) => claim,
        Claimed::Held => return Err(Error::Claimed),
        Claimed::Settled => {
            tracing::info!("the message was sent before");
            return Ok(());
        }
    };
    let (user_id, order_id) = (notice.user_id, notice.order_id().map(display));
    match state.mailer.send(&contact.email, &mail, envelope.id, until).await {
        Ok(carrier_id) => {
            tracing::info!(%user_id, order_id, carrier_id, "mail sent");
            // The mail is out. To have the event delivered again would only make sure that it goes out twice.
            if let Err(error) = state.store.settle(&claim, &Settled::Sent(carrier_id), clock::now()).await {
                tracing::error!(%error, "the mail is sent, but not marked as sent");
            }
            Ok(())
        }
        Err(Refusal::ForGood(reason)) => {
            tracing::error!(%user_id, order_id, reason, "SES refuses the mail for good");
            state.store.settle(&claim, &Settled::Failed(reason), clock::now()).await
        }
        Err(Refusal::ForNow(reason)) => {
            if let Err(error) = state.store.release(&claim).await {
                tracing::warn!(%error, "the claim is not released and has to expire");
            }
            Err(Error::MailNotSent(reason))
        }
    }
}

fn compose(state: &AppState, notice: &Notice, contact: &Contact) -> Result<Mail, Error> {
    let letter = Letter::write(notice, contact, &state.storefront)?;
    state.templates.render(notice.subject.template(), Locale::best_for(&contact.locale), &letter)
}
