//! The card processor, through Stripe's PaymentIntents API: one function per call that payment makes.
//!
//! Authorising takes two calls. The first prepares an intent, which holds nothing; the second confirms it, which sets
//! the money aside. In between, the intent's id is recorded, so that the outcome of a confirmation can always be learnt,
//! and undone, under a name that is known. Captures and refunds will be two more functions here.

mod answer;
mod currency;
mod error;
mod key;
mod transport;

use aws_config::SdkConfig;
use contracts::PaymentId;
use contracts::event::order::PaymentRequested;
use contracts::event::payment::DeclineReason;

use crate::config::Config;
use crate::domain::{IntentId, Preparation, Verdict};
use answer::{Intent, Status};
pub use error::ProcessorError;
use key::AccountKey;
pub use key::KeyError;
use transport::{Request, Transport};

/// A client of the processor. Cheap to clone; clones share connections and circuit breaker.
#[derive(Clone)]
pub struct Processor {
    transport: Transport,
    key: AccountKey,
}

impl Processor {
    /// A client of the processor that the settings name; `aws` leads to the key. Makes no call.
    pub fn new(config: &Config, aws: &SdkConfig) -> Result<Self, reqwest::Error> {
        let key = AccountKey::new(config, aws);
        Ok(Self { transport: Transport::new(config, key.clone())?, key })
    }

    /// Reads the account's key ahead of the first call. Without it, no call can be made.
    pub async fn read_key(&self) -> Result<(), KeyError> {
        self.key.current().await.map(drop)
    }

    /// Opens a connection ahead of the first call, as the handshakes take longer than the call.
    pub async fn warm_up(&self) {
        self.transport.warm_up().await;
    }

    /// Prepares the intent of a payment: it holds nothing, and never will unless it is confirmed. Here the processor
    /// refuses amounts that it never takes: which ones, depends on currencies and account, and is for it to know.
    ///
    /// Repeatable: the key makes the processor give the same intent again for a day. The key only spares it litter: another
    /// intent does no harm, as only the recorded one is ever confirmed. So a failure that is stored under the key is
    /// got round without it.
    pub async fn prepare(&self, request: &PaymentRequested) -> Result<Preparation, ProcessorError> {
        let PaymentRequested { order_id, payment_id, amount, .. } = request;
        if !currency::is_accepted(amount.currency) {
            return Ok(Preparation::Refused(DeclineReason::AmountNotAccepted));
        }
        let call = Request::post("/v1/payment_intents")
            .field("amount", amount.minor)
            .field("currency", amount.currency.code().to_ascii_lowercase())
            .field("capture_method", "manual")
            .field("payment_method_types[]", "card")
            .field("metadata[order_id]", order_id)
            .field("metadata[payment_id]", payment_id);
        let keyed = call.clone().idempotency_key(format!("{payment_id}:prepare"));
        let answer = match self.transport.send(&keyed).await {
            Err(ProcessorError::Unavailable { replayed: true, .. }) => self.transport.send(&call).await,
            answer => answer,
        }?;
        match answer.read::<Intent>()? {
            Ok(intent) => Ok(Preparation::Ready(intent.id)),
            Err(failure) => match failure.decline(answer.status) {
                Some(reason) => Ok(Preparation::Refused(reason)),
                None => Err(failure.into_error(answer.status)),
            },
        }
    }

    /// Has the intent's amount set aside on `payment_method`.
    ///
    /// Repeatable: the key is the payment's and never changes, so the issuer is asked once. Where the processor only
    /// repeats that something went wrong, the intent itself says whether the money is set aside.
    pub async fn confirm(
        &self,
        payment_id: PaymentId,
        intent: &IntentId,
        payment_method: &str,
    ) -> Result<Verdict, ProcessorError> {
        let call = Request::post(format!("/v1/payment_intents/{intent}/confirm"))
            .field("payment_method", payment_method)
            // Nobody is there to confirm anything with their bank: wanting that is a decline, at once and for good.
            .field("error_on_requires_action", "true")
            .idempotency_key(format!("{payment_id}:authorize"));
        let answer = match self.transport.send(&call).await {
            Err(error @ ProcessorError::Unavailable { status, .. }) if status.is_server_error() => {
                return self.retrieve(intent).await?.verdict().ok_or(error);
            }
            answer => answer?,
        };
        match answer.read::<Intent>()? {
            Ok(intent) => intent.verdict().ok_or(ProcessorError::Undecided),
            Err(failure) if failure.is_unexpected_state() => {
                self.retrieve(intent).await?.verdict().ok_or(ProcessorError::Undecided)
            }
            Err(failure) => match failure.decline(answer.status) {
                Some(reason) => Ok(Verdict::Declined(reason)),
                None => Err(failure.into_error(answer.status)),
            },
        }
    }

    /// Lets go of what the intent holds, if anything, and keeps it from being confirmed.
    ///
    /// Repeatable without a key, because cancelled is final; a key would do harm, since it makes the processor repeat a
    /// failure of its own for a day, and the customer's money would be held for as long.
    pub async fn cancel(&self, intent: &IntentId) -> Result<(), ProcessorError> {
        let call = Request::post(format!("/v1/payment_intents/{intent}/cancel"));
        let answer = self.transport.send(&call).await?;
        let status = match answer.read::<Intent>()? {
            Ok(intent) => intent.status,
            Err(failure) if failure.is_unexpected_state() => self.retrieve(intent).await?.status,
            Err(failure) => return Err(failure.into_error(answer.status)),
        };
        if status == Status::Canceled { Ok(()) } else { Err(ProcessorError::Undecided) }
    }

    async fn retrieve(&self, intent: &IntentId) -> Result<Intent, ProcessorError> {
        self.transport.send(&Request::get(format!("/v1/payment_intents/{intent}"))).await?.success()
    }
}
