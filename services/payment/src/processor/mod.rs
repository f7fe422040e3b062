//! The card processor, through Stripe's PaymentIntents API: one function per operation.
//!
//! An authorization takes two calls. The first creates an intent, which holds no money; the second confirms it, which
//! authorizes the amount. The intent's id is recorded in between, so that the outcome of a confirmation can always be
//! retrieved, and undone, under a known id. Captures and refunds will be two more functions here.

mod currency;
mod error;
mod key;
mod response;
mod timing;
mod transport;

use std::time::Duration;

use aws_config::SdkConfig;
use contracts::event::order::PaymentRequested;
use contracts::event::payment::DeclineReason;
use contracts::{Money, PaymentId};

use crate::config::Config;
use crate::domain::{CancelOutcome, ConfirmOutcome, IntentId, PrepareOutcome};
pub use error::ProcessorError;
use key::AccountKey;
pub use key::KeyError;
use response::{Asked, Intent, Status};
pub use timing::Timing;
use transport::{Request, Transport};

/// Client of the processor. Clones share connections and circuit breaker.
#[derive(Clone)]
pub struct Processor {
    transport: Transport,
    key: AccountKey,
    confirm_timeout: Duration,
}

impl Processor {
    /// Creates a client without making a call. `aws` is used to read the account's key.
    pub fn new(config: &Config, aws: &SdkConfig, timing: Timing) -> Result<Self, reqwest::Error> {
        let key = AccountKey::new(config, aws, timing);
        let transport = Transport::new(config, key.clone(), timing)?;
        Ok(Self { transport, key, confirm_timeout: config.processor_confirm_timeout })
    }

    /// Reads the account's key before the first call. Without it, no call can be made.
    pub async fn read_key(&self) -> Result<(), KeyError> {
        self.key.current().await.map(drop)
    }

    /// Opens a connection before the first call, because the handshakes take longer than the call.
    pub async fn warm_up(&self) {
        self.transport.warm_up().await;
    }

    /// Creates the intent of a payment. It holds no money unless it is confirmed. The processor refuses amounts that it
    /// never accepts; the limits depend on currency and account, so only the processor knows them.
    ///
    /// Repeatable: for a day, the idempotency key makes the processor return the same intent again. Another intent
    /// would do no harm, because only the recorded one is ever confirmed; the key only avoids orphaned intents. A
    /// failure that is stored under the key is therefore worked around by a call without it.
    pub async fn prepare(&self, request: &PaymentRequested) -> Result<PrepareOutcome, ProcessorError> {
        let PaymentRequested { order_id, payment_id, amount, .. } = request;
        if !currency::is_accepted(amount.currency) {
            return Ok(PrepareOutcome::Refused(DeclineReason::AmountNotAccepted));
        }
        let call = Request::post("/v1/payment_intents")
            .field("amount", amount.minor)
            .field("currency", amount.currency.code().to_ascii_lowercase())
            .field("capture_method", "manual")
            .field("payment_method_types[]", "card")
            .field("metadata[order_id]", order_id)
            .field("metadata[payment_id]", payment_id);
        let keyed = call.clone().idempotency_key(format!("{payment_id}:prepare"));
        let response = match self.transport.with_fresh_key(&keyed).await {
            Err(ProcessorError::Unavailable { replayed: true, .. }) => self.transport.with_fresh_key(&call).await,
            response => response,
        }?;
        match response.read::<Intent>()? {
            Ok(intent) => Ok(match intent.problem(&Asked { payment_id: *payment_id, amount: *amount }) {
                None => PrepareOutcome::Prepared(intent.id),
                Some(problem) => PrepareOutcome::Wrong(intent.id, problem),
            }),
            Err(error) => match error.decline_reason(response.status) {
                Some(reason) => Ok(PrepareOutcome::Refused(reason)),
                None => Err(error.into_processor_error(response.status)),
            },
        }
    }

    /// Authorizes the intent's amount on `payment_method`. It has to be `amount`.
    ///
    /// Repeatable: the idempotency key is derived from the payment's id and never changes, so the issuer is asked once.
    /// If the processor only replays a stored failure, or another version of this service has used the key with other
    /// parameters, the intent's status shows whether the amount is authorized.
    pub async fn confirm(
        &self,
        payment_id: PaymentId,
        intent: &IntentId,
        payment_method: &str,
        amount: Money,
    ) -> Result<ConfirmOutcome, ProcessorError> {
        let asked = Asked { payment_id, amount };
        let call = Request::post(format!("/v1/payment_intents/{intent}/confirm"))
            .field("payment_method", payment_method)
            // The customer is not present to authenticate with the bank, so a request to do so is a decline.
            .field("error_on_requires_action", "true")
            .field("expand[]", "latest_charge")
            .idempotency_key(format!("{payment_id}:authorize"))
            .timeout(self.confirm_timeout);
        let response = match self.transport.with_fresh_key(&call).await {
            Err(error @ ProcessorError::Unavailable { status, .. }) if status.is_server_error() => {
                return self.retrieve(intent).await?.outcome(&asked).ok_or(error);
            }
            response => response?,
        };
        match response.read::<Intent>()? {
            Ok(intent) => intent.outcome(&asked).ok_or(ProcessorError::Undecided),
            Err(error) if error.is_unexpected_state() || error.is_key_of_other_call() => {
                self.retrieve(intent).await?.outcome(&asked).ok_or(ProcessorError::Undecided)
            }
            Err(error) => match error.decline_reason(response.status) {
                Some(reason) => Ok(ConfirmOutcome::Declined(reason)),
                None => Err(error.into_processor_error(response.status)),
            },
        }
    }

    /// Cancels the intent: releases the money that it holds, if any, and prevents a later confirmation. A captured
    /// amount that an operator has refunded is released as well.
    ///
    /// Repeatable without an idempotency key, because `canceled` is a final status. With a key, the processor would
    /// replay an internal error of its own for a day, and hold the customer's money for as long.
    pub async fn cancel(&self, intent: &IntentId) -> Result<CancelOutcome, ProcessorError> {
        let call = Request::post(format!("/v1/payment_intents/{intent}/cancel"));
        let response = self.transport.with_fresh_key(&call).await?;
        let intent = match response.read::<Intent>()? {
            Ok(intent) => intent,
            Err(error) if error.is_unexpected_state() => self.retrieve(intent).await?,
            Err(error) => return Err(error.into_processor_error(response.status)),
        };
        match intent.status {
            Status::Canceled => Ok(CancelOutcome::Cancelled),
            Status::Succeeded if intent.is_refunded() => Ok(CancelOutcome::Cancelled),
            Status::Succeeded => Ok(CancelOutcome::Captured),
            _ => Err(ProcessorError::Undecided),
        }
    }

    async fn retrieve(&self, intent: &IntentId) -> Result<Intent, ProcessorError> {
        let call = Request::get(format!("/v1/payment_intents/{intent}?expand[]=latest_charge"));
        self.transport.with_fresh_key(&call).await?.success()
    }
}
