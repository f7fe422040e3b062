//! Requests that change something, validated without access to stored objects. A request that fails here was not
//! executed, so its idempotency key is not used up.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{currency, error::ApiError, params::Params};

#[derive(Debug, Clone)]
pub(crate) enum Command {
    Create(Create),
    /// Charges an intent with the given payment method or its own.
    Confirm {
        intent: String,
        payment_method: Option<String>,
        off_session: bool,
    },
    /// Captures the authorized amount or a part of it.
    Capture {
        intent: String,
        amount: Option<i64>,
    },
    /// Cancels an intent and releases the amount that it holds.
    Cancel {
        intent: String,
        reason: Option<String>,
    },
    Refund(Refund),
}

impl Command {
    pub(crate) fn confirm(intent: String, params: &Params) -> Result<Self, ApiError> {
        params.only(&["error_on_requires_action", "off_session", "payment_method", "return_url"])?;
        let off_session = params.boolean("off_session")? | params.boolean("error_on_requires_action")?;
        Ok(Self::Confirm { intent, payment_method: params.text("payment_method")?.map(str::to_owned), off_session })
    }

    pub(crate) fn capture(intent: String, params: &Params) -> Result<Self, ApiError> {
        params.only(&["amount_to_capture", "metadata", "statement_descriptor_suffix"])?;
        Ok(Self::Capture { intent, amount: params.positive("amount_to_capture")? })
    }

    pub(crate) fn cancel(intent: String, params: &Params) -> Result<Self, ApiError> {
        params.only(&["cancellation_reason"])?;
        let reasons = ["abandoned", "duplicate", "fraudulent", "requested_by_customer"];
        Ok(Self::Cancel { intent, reason: params.one_of("cancellation_reason", &reasons)?.map(str::to_owned) })
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CaptureMethod {
    /// The authorized amount is captured immediately.
    #[default]
    Automatic,
    /// The authorized amount is held until it is captured or canceled.
    Manual,
}

/// Creates an intent, and with `confirm` charges it.
#[derive(Debug, Clone)]
pub(crate) struct Create {
    pub(super) amount: i64,
    pub(super) currency: String,
    pub(super) capture_method: CaptureMethod,
    pub(super) payment_method: Option<String>,
    pub(super) confirm: bool,
    /// The shopper cannot authenticate, so that a card that requires authentication is declined.
    pub(super) off_session: bool,
    pub(super) description: Option<String>,
    pub(super) metadata: BTreeMap<String, String>,
}

impl Create {
    pub(crate) fn parse(params: &Params) -> Result<Self, ApiError> {
        params.only(&[
            "amount",
            "automatic_payment_methods",
            "capture_method",
            "confirm",
            "currency",
            "description",
            "error_on_requires_action",
            "metadata",
            "off_session",
            "payment_method",
            "payment_method_types",
            "return_url",
            "statement_descriptor_suffix",
        ])?;
        let amount = params.required_integer("amount")?;
        let currency = params.required("currency")?.to_lowercase();
        currency::check(amount, &currency)?;
        let confirm = params.boolean("confirm")?;
        let off_session = params.boolean("off_session")?;
        if off_session && !confirm {
            let message =
                "The parameter `off_session` cannot be passed when creating a PaymentIntent unless `confirm` is true.";
            return Err(ApiError::invalid(message).param("off_session"));
        }
        Ok(Self {
            amount,
            currency,
            capture_method: match params.one_of("capture_method", &["automatic", "automatic_async", "manual"])? {
                Some("manual") => CaptureMethod::Manual,
                _ => CaptureMethod::Automatic,
            },
            payment_method: params.text("payment_method")?.map(str::to_owned),
            confirm,
            off_session: off_session || params.boolean("error_on_requires_action")?,
            description: params.text("description")?.map(str::to_owned),
            metadata: params.metadata()?,
        })
    }
}

/// Refunds the captured amount or a part of it.
#[derive(Debug, Clone)]
pub(crate) struct Refund {
    pub(crate) intent: String,
    pub(super) amount: Option<i64>,
    pub(super) reason: Option<String>,
    pub(super) metadata: BTreeMap<String, String>,
}

impl Refund {
    pub(crate) fn parse(params: &Params) -> Result<Self, ApiError> {
        params.only(&["amount", "metadata", "payment_intent", "reason"])?;
        Ok(Self {
            intent: params.required("payment_intent")?.to_owned(),
            amount: params.positive("amount")?,
            reason: params.one_of("reason", &["duplicate", "fraudulent", "requested_by_customer"])?.map(str::to_owned),
            metadata: params.metadata()?,
        })
    }
}
