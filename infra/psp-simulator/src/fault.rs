//! Faults that a test requests for the next calls.

use serde::{Deserialize, Serialize};

use crate::domain::intent::Deviation;

/// API operation that a fault applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each variant names one route")]
pub enum Operation {
    Create,
    Confirm,
    Capture,
    Cancel,
    Retrieve,
    List,
    Search,
    Refund,
    RetrieveRefund,
    ListRefunds,
    /// Matches every operation.
    #[serde(rename = "*")]
    Any,
}

/// Effect of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The call is delayed by `ms`. Its idempotency key is in use meanwhile.
    Slow,
    /// 500 without effect. The idempotency key does not store it.
    #[serde(rename = "error_500")]
    Error500,
    /// 500, although the call took effect. The idempotency key stores the 500.
    #[serde(rename = "error_500_after")]
    Error500After,
    /// The call takes effect, and the connection is closed without a response.
    LostAnswer,
    /// 429 without effect. With `ms`, the response has `Retry-After`.
    RateLimited,
    /// The intent of a `create`, or the authorization of a `confirm`, is over a higher amount than requested.
    WrongAmount,
    /// As `wrong_amount`, but in another currency.
    WrongCurrency,
    /// As `wrong_amount`, but with automatic capture.
    AutomaticCapture,
}

impl Kind {
    /// The deviation from the request that the fault causes, if it does.
    pub(crate) fn deviation(self) -> Option<Deviation> {
        match self {
            Self::WrongAmount => Some(Deviation::Amount),
            Self::WrongCurrency => Some(Deviation::Currency),
            Self::AutomaticCapture => Some(Deviation::AutomaticCapture),
            Self::Slow | Self::Error500 | Self::Error500After | Self::LostAnswer | Self::RateLimited => None,
        }
    }
}

/// A fault that applies to the next matching calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Operation that the fault matches.
    pub operation: Operation,
    /// Effect on the call.
    pub kind: Kind,
    /// Delay of `slow`, or the time in `Retry-After` of `rate_limited`, in milliseconds.
    #[serde(default)]
    pub ms: u64,
    /// Number of calls that fail.
    #[serde(default = "once")]
    pub times: u32,
    /// Limits the fault to intents with this `metadata[order_id]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<String>,
}

fn once() -> u32 {
    1
}

impl Fault {
    fn matches(&self, operation: Operation, order_id: Option<&str>) -> bool {
        (self.operation == operation || self.operation == Operation::Any)
            && (self.order_id.is_none() || self.order_id.as_deref() == order_id)
    }
}

/// Pending faults, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn pending(&self) -> &[Fault] {
        &self.0
    }

    /// Returns the first fault that matches the call and uses it up once.
    pub(crate) fn take(&mut self, operation: Operation, order_id: Option<&str>) -> Option<Fault> {
        self.0.retain(|fault| fault.times > 0);
        let fault = self.0.iter_mut().find(|fault| fault.matches(operation, order_id))?;
        fault.times -= 1;
        let taken = fault.clone();
        self.0.retain(|fault| fault.times > 0);
        Some(taken)
    }
}
