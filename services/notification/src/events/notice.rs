//! The message of one event.

use contracts::{Envelope, error::chain, event::user::Contact};
use tokio::time::Instant;
use tracing::field::display;

use crate::{
    AppState, Error, clock,
    domain::{channel::Channel, contact::Recipient, letter::Letter, locale::Locale, notice::Notice},
    mail::{Mail, SendError},
    store::{Claim, ClaimOutcome, Deferral, Outcome},
};

/// Sends the message of an event, unless it was sent before, or a newer state of the order contradicts it. Defers the
/// event if the contact data have not arrived.
///
/// If the process dies between SES's response and the record of it, the message is sent again after the claim has
/// expired: a second confirmation is better than none.
pub(super) async fn send(app: &AppState, envelope: &Envelope, until: Instant) -> Result<(), Error> {
    let notice = Notice::of(&envelope.event).ok_or(Error::UnexpectedEvent(envelope.event.kind()))?;
    let (user_id, order_id) = (notice.user_id, notice.order_id().map(display));
    match recipient(app, envelope, &notice).await? {
        None => Ok(()),
        Some(Recipient::Known(contact)) => send_mail(app, envelope, &notice, &contact, until).await,
        Some(Recipient::Unknown) => match app.store.defer(user_id, envelope, clock::now()).await? {
            Deferral::Deferred => {
                tracing::info!(%user_id, order_id, "event deferred until contact data arrive");
                Ok(())
            }
            Deferral::Unnecessary => Err(Error::Conflict),
        },
        Some(Recipient::Deleted) => {
            tracing::info!(%user_id, order_id, "no message sent: the account is deleted");
            Ok(())
        }
    }
}

/// Returns the recipient. None if the previous version has sent the message: it recorded the messages of orders by the
/// ids of their events. Those items expire 30 days after its last message.
async fn recipient(app: &AppState, envelope: &Envelope, notice: &Notice) -> Result<Option<Recipient>, Error> {
    if notice.order().is_none() {
        return app.store.recipient(notice.user_id).await.map(Some);
    }
    let read = app.store.recipient_unless_handled(notice.user_id, envelope.id, Channel::Email, clock::now());
    let (recipient, refusal) = read.await?;
    let Some(refusal) = refusal else { return Ok(Some(recipient)) };
    granted(refusal).map(|_| None)
}

/// Returns the claim. None if the message must not be sent.
fn granted(outcome: ClaimOutcome) -> Result<Option<Claim>, Error> {
    match outcome {
        ClaimOutcome::Granted(claim) => return Ok(Some(claim)),
        ClaimOutcome::Held => return Err(Error::Claimed),
        ClaimOutcome::Settled => tracing::info!("message already settled"),
        ClaimOutcome::Superseded => tracing::info!("no message sent: a newer state of the order contradicts it"),
    }
    Ok(None)
}

async fn send_mail(
    app: &AppState,
    envelope: &Envelope,
    notice: &Notice,
    contact: &Contact,
    until: Instant,
) -> Result<(), Error> {
    let mail = compose(app, notice, contact)?;
    let (channel, now) = (Channel::Email, clock::now());
    let claim = match notice.order() {
        Some(order) => app.store.claim_of_order(order, envelope.sequence, envelope.id, channel, now).await?,
        None => app.store.claim(envelope.id, envelope.event.kind(), channel, now).await?,
    };
    let Some(claim) = granted(claim)? else { return Ok(()) };
    let (user_id, order_id) = (notice.user_id, notice.order_id().map(display));
    match app.mailer.send(&contact.email, &mail, envelope.id, until).await {
        Ok(ses_message_id) => {
            tracing::info!(%user_id, order_id, ses_message_id, "mail sent");
            // The event is acknowledged even if the record fails: another delivery would only send the mail again.
            if let Err(error) = app.store.settle(&claim, &Outcome::Sent(ses_message_id), clock::now()).await {
                tracing::error!(error = chain(&error), "mail sent, but not recorded as sent");
            }
            Ok(())
        }
        Err(SendError::Permanent(code)) => {
            tracing::error!(%user_id, order_id, error = code, "SES rejected the mail permanently");
            app.store.settle(&claim, &Outcome::Failed(code), clock::now()).await
        }
        Err(SendError::Temporary(reason)) => {
            if let Err(error) = app.store.release(&claim).await {
                tracing::warn!(error = chain(&error), "claim not released; it expires");
            }
            Err(Error::MailNotSent(reason))
        }
    }
}

fn compose(app: &AppState, notice: &Notice, contact: &Contact) -> Result<Mail, Error> {
    let letter = Letter::write(notice, contact, &app.storefront)?;
    app.templates.render(notice.subject.template(), Locale::best_for(&contact.locale), &letter)
}
