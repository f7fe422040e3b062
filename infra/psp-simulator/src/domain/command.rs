//! Requests that change something, checked as far as that goes without looking at any object. What fails here was
//! never executed, so an idempotency key does not remember it.

use std::collections::BTreeMap;

use super::{currency, error::ApiError, params::Params};

/// A change that was asked for.
#[derive(Debug, Clone)]
pub enum Command {
    /// `POST /v1/payment_intents`
    Create(Create),
    /// `POST /v1/payment_intents/{id}/confirm`
    Confirm(Confirm),
    /// `POST /v1/payment_intents/{id}/capture`
    Capture(Capture),
    /// `POST /v1/payment_intents/{id}/cancel`
    Cancel(Cancel),
    /// `POST /v1/refunds`
    Refund(Refund),
}

/// When an authorised amount is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureMethod {
    /// With the authorisation.
    Automatic,
    /// By a later capture.
    Manual,
}

/// A new intent.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields are Stripe's parameters")]
pub struct Create {
    pub amount: i64,
    pub currency: String,
    pub capture_method: CaptureMethod,
    pub payment_method: Option<String>,
    pub confirm: bool,
    /// The shopper is away, or asking them is ruled out: a card that needs them is declined.
    pub unattended: bool,
    pub description: Option<String>,
    pub metadata: BTreeMap<String, String>,
}

impl Create {
    /// Reads and checks the parameters.
    pub fn parse(params: &Params) -> Result<Self, ApiError> {
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
            unattended: off_session || params.boolean("error_on_requires_action")?,
            description: params.text("description")?.map(str::to_owned),
            metadata: params.metadata()?,
        })
    }
}

/// Charge an intent's payment method, or another one.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields are Stripe's parameters")]
pub struct Confirm {
    pub intent: String,
    pub payment_method: Option<String>,
    pub unattended: bool,
}

impl Confirm {
    /// Reads and checks the parameters.
    pub fn parse(intent: String, params: &Params) -> Result<Self, ApiError> {
        params.only(&["error_on_requires_action", "off_session", "payment_method", "return_url"])?;
        let unattended = params.boolean("off_session")? | params.boolean("error_on_requires_action")?;
        Ok(Self { intent, payment_method: params.text("payment_method")?.map(str::to_owned), unattended })
    }
}

/// Take what was authorised.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields are Stripe's parameters")]
pub struct Capture {
    pub intent: String,
    pub amount_to_capture: Option<i64>,
}

impl Capture {
    /// Reads and checks the parameters.
    pub fn parse(intent: String, params: &Params) -> Result<Self, ApiError> {
        params.only(&["amount_to_capture", "metadata", "statement_descriptor_suffix"])?;
        Ok(Self { intent, amount_to_capture: positive(params, "amount_to_capture")? })
    }
}

/// Give up an intent, and what it set aside.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields are Stripe's parameters")]
pub struct Cancel {
    pub intent: String,
    pub reason: Option<String>,
}

impl Cancel {
    /// Reads and checks the parameters.
    pub fn parse(intent: String, params: &Params) -> Result<Self, ApiError> {
        params.only(&["cancellation_reason"])?;
        let reasons = ["abandoned", "duplicate", "fraudulent", "requested_by_customer"];
        Ok(Self { intent, reason: params.one_of("cancellation_reason", &reasons)?.map(str::to_owned) })
    }
}

/// Give back what was captured, or a part.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields are Stripe's parameters")]
pub struct Refund {
    pub intent: String,
    pub amount: Option<i64>,
    pub reason: Option<String>,
    pub metadata: BTreeMap<String, String>,
}

impl Refund {
    /// Reads and checks the parameters.
    pub fn parse(params: &Params) -> Result<Self, ApiError> {
        params.only(&["amount", "metadata", "payment_intent", "reason"])?;
        let reasons = ["duplicate", "fraudulent", "requested_by_customer"];
        Ok(Self {
            intent: params.required("payment_intent")?.to_owned(),
            amount: positive(params, "amount")?,
            reason: params.one_of("reason", &reasons)?.map(str::to_owned),
            metadata: params.metadata()?,
        })
    }
}

fn positive(params: &Params, name: &str) -> Result<Option<i64>, ApiError> {
    match params.integer(name)? {
        Some(amount) if amount < 1 => Err(ApiError::invalid("This value must be greater than or equal to 1.")
            .code("parameter_invalid_integer")
            .param(name)),
        amount => Ok(amount),
    }
}
