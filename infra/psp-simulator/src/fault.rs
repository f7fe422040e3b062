//! Failures on demand.

use serde::{Deserialize, Serialize};

/// A call that can be made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each names one route")]
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
    /// In a fault: whatever is called.
    #[serde(rename = "*")]
    Any,
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It waits first, for `ms`. Its idempotency key is in use meanwhile.
    Slow,
    /// 500, and nothing has happened. The idempotency key does not remember it.
    #[serde(rename = "error_500")]
    Error500,
    /// 500, and yet it has happened. The idempotency key remembers the 500.
    #[serde(rename = "error_500_after")]
    Error500After,
    /// It happens, and the connection is closed without an answer.
    LostAnswer,
    /// 429, and nothing has happened.
    RateLimited,
}

/// A failure that waits for its call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Which calls.
    pub operation: Operation,
    /// How.
    pub kind: Kind,
    /// How long `slow` waits, in milliseconds.
    #[serde(default)]
    pub ms: u64,
    /// How many calls, from now on.
    #[serde(default = "once")]
    pub times: u32,
    /// Only calls about intents with this `metadata[order_id]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<String>,
}

fn once() -> u32 {
    1
}

/// The failures that wait, in the order in which they were asked for.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Adds one.
    pub fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Those that still wait.
    pub fn waiting(&self) -> &[Fault] {
        &self.0
    }

    /// The first failure that waits for this call, which is one less from now on.
    pub fn take(&mut self, operation: Operation, order_id: Option<&str>) -> Option<Fault> {
        let matches = |fault: &Fault| {
            (fault.operation == operation || fault.operation == Operation::Any)
                && fault.order_id.as_deref().is_none_or(|wanted| order_id == Some(wanted))
        };
        self.0.retain(|fault| fault.times > 0);
        let fault = self.0.iter_mut().find(|fault| matches(fault))?;
        fault.times -= 1;
        let taken = fault.clone();
        self.0.retain(|fault| fault.times > 0);
        Some(taken)
    }
}
