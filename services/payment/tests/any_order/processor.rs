//! The processor: an intent is confirmed at most once, and never after it is cancelled.

use chrono::{DateTime, Utc};
use contracts::event::payment::DeclineReason;
use payment::domain::{CancelOutcome, ConfirmOutcome, IntentId, PrepareOutcome, Problem};

use crate::model::{OwnedInput, Scenario};

/// Expiry of authorizations.
pub const EXPIRES_AT: Option<DateTime<Utc>> = DateTime::from_timestamp(7 * 24 * 60 * 60, 0);

/// Whether the processor refuses to prepare an intent because of the amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refuses {
    Never,
    Always,
    /// Every other time, as if its limits changed.
    Sometimes,
}

/// Whether the processor's intents are what was requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deviates {
    Never,
    /// Prepared intents are over another amount.
    AtPrepare,
    /// Authorizations are over another amount.
    AtConfirm,
    /// Confirmed intents are captured at once.
    Captures,
}

/// A [`payment::domain::Call`] without the borrowed parts: the simulation has only one request.
#[derive(Debug, Clone)]
pub enum Sent {
    Prepare,
    Confirm(IntentId),
    Cancel(IntentId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IntentStatus {
    Unconfirmed,
    Authorized,
    Captured,
    Declined,
    Cancelled,
}

/// The processor and its intents.
pub struct Processor {
    scenario: Scenario,
    intents: Vec<(IntentId, IntentStatus)>,
    approvals: usize,
    preparations: usize,
}

impl Processor {
    pub fn new(scenario: Scenario) -> Self {
        Self { scenario, intents: vec![], approvals: 0, preparations: 0 }
    }

    /// Number of authorizations that hold money.
    pub fn held(&self) -> usize {
        self.intents.iter().filter(|(_, status)| *status == IntentStatus::Authorized).count()
    }

    /// Number of intents that are captured.
    pub fn captured(&self) -> usize {
        self.intents.iter().filter(|(_, status)| *status == IntentStatus::Captured).count()
    }

    /// Number of authorizations by the issuer.
    pub fn approvals(&self) -> usize {
        self.approvals
    }

    /// Has the effect of a call, and returns the response.
    pub fn process(&mut self, call: Sent) -> OwnedInput {
        match call {
            Sent::Prepare => {
                self.preparations += 1;
                let refuses = match self.scenario.refuses {
                    Refuses::Always => true,
                    Refuses::Sometimes => self.preparations % 2 == 1,
                    Refuses::Never => false,
                };
                if refuses {
                    return OwnedInput::Prepared(PrepareOutcome::Refused(DeclineReason::AmountNotAccepted));
                }
                if self.intents.is_empty() || self.scenario.forgetful {
                    let id = format!("pi_{}", self.intents.len()).parse().expect("a valid id");
                    self.intents.push((id, IntentStatus::Unconfirmed));
                }
                let intent = self.intents[self.intents.len() - 1].0.clone();
                OwnedInput::Prepared(match self.scenario.deviates {
                    Deviates::AtPrepare => PrepareOutcome::Wrong(intent, Problem::Amount),
                    _ => PrepareOutcome::Prepared(intent),
                })
            }
            Sent::Confirm(id) => {
                let Scenario { approves, deviates, .. } = self.scenario;
                let status = self.intent(&id);
                if *status == IntentStatus::Unconfirmed {
                    *status = match deviates {
                        _ if !approves => IntentStatus::Declined,
                        Deviates::Captures => IntentStatus::Captured,
                        _ => IntentStatus::Authorized,
                    };
                    self.approvals += usize::from(approves);
                }
                OwnedInput::Confirmed(match self.intent(&id) {
                    IntentStatus::Cancelled => ConfirmOutcome::Cancelled,
                    IntentStatus::Declined => ConfirmOutcome::Declined(DeclineReason::CardDeclined),
                    IntentStatus::Captured => ConfirmOutcome::Wrong(Problem::Captured),
                    _ if deviates == Deviates::AtConfirm => ConfirmOutcome::Wrong(Problem::Amount),
                    IntentStatus::Authorized | IntentStatus::Unconfirmed => {
                        ConfirmOutcome::Authorized { expires_at: EXPIRES_AT }
                    }
                })
            }
            Sent::Cancel(id) => {
                let status = self.intent(&id);
                if *status == IntentStatus::Captured {
                    return OwnedInput::Cancelled(CancelOutcome::Captured);
                }
                *status = IntentStatus::Cancelled;
                OwnedInput::Cancelled(CancelOutcome::Cancelled)
            }
        }
    }

    fn intent(&mut self, id: &IntentId) -> &mut IntentStatus {
        let intent = self.intents.iter_mut().find(|(known, _)| known == id);
        &mut intent.expect("calls name only intents that the processor created").1
    }
}
