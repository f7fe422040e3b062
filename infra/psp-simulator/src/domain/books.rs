//! Stored intents, refunds and ledger, and the effect of commands on them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    card,
    command::{self, Command, Create},
    error::{ApiError, ApiResponse},
    event::Event,
    intent::{Deviation, Intent},
    ledger::Entry,
    refund::Refund,
    status::Transition,
};

/// Intents, refunds and ledger entries, each oldest first.
#[derive(Debug, Default)]
pub(crate) struct Books {
    intents: Vec<Intent>,
    refunds: Vec<Refund>,
    ledger: Vec<Entry>,
    positions: HashMap<String, usize>,
}

/// The objects that a command created or changed, as stored in the journal.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Change {
    intent: Option<Intent>,
    refund: Option<Refund>,
    entries: Vec<Entry>,
}

impl Change {
    /// The intent that was created or changed.
    pub(crate) fn intent(&self) -> Option<&Intent> {
        self.intent.as_ref()
    }
}

/// The decision on a command. It takes effect when [`Books::apply`] applies the change.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) response: ApiResponse,
    pub(crate) change: Change,
    /// Webhook event to send after the change is applied.
    pub(crate) event: Option<Event>,
}

impl Books {
    /// Decides a command without applying it. With `deviation`, a created or confirmed intent differs from the request.
    pub(crate) fn decide(&self, command: Command, deviation: Option<Deviation>, now: DateTime<Utc>) -> Outcome {
        let decided = match command {
            Command::Create(create) => self.create(create, deviation, now),
            Command::Confirm { intent, payment_method, off_session } => self.transition(&intent, now, |intent| {
                deviation.into_iter().for_each(|deviation| intent.deviate(deviation));
                intent.confirm(payment_method, off_session, new_id("ch"), now)
            }),
            Command::Capture { intent, amount } => self.transition(&intent, now, |intent| intent.capture(amount)),
            Command::Cancel { intent, reason } => self.transition(&intent, now, |intent| intent.cancel(reason, now)),
            Command::Refund(refund) => self.refund(refund, now),
        };
        decided.unwrap_or_else(|error| Outcome { response: error.into(), change: Change::default(), event: None })
    }

    /// Applies a change that was just decided or that is read from the journal.
    pub(crate) fn apply(&mut self, change: Change) {
        if let Some(intent) = change.intent {
            match self.positions.get(&intent.id) {
                Some(&position) => self.intents[position] = intent,
                None => {
                    self.positions.insert(intent.id.clone(), self.intents.len());
                    self.intents.push(intent);
                }
            }
        }
        self.refunds.extend(change.refund);
        self.ledger.extend(change.entries);
    }

    pub(crate) fn intent(&self, id: &str) -> Option<&Intent> {
        self.positions.get(id).map(|&position| &self.intents[position])
    }

    /// Returns `metadata[order_id]` of an intent.
    pub(crate) fn order_id(&self, intent: &str) -> Option<String> {
        self.intent(intent)?.metadata.get("order_id").cloned()
    }

    pub(crate) fn intents(&self) -> &[Intent] {
        &self.intents
    }

    pub(crate) fn refunds(&self) -> &[Refund] {
        &self.refunds
    }

    pub(crate) fn ledger(&self) -> &[Entry] {
        &self.ledger
    }

    fn create(&self, create: Create, deviation: Option<Deviation>, now: DateTime<Utc>) -> Result<Outcome, ApiError> {
        if let Some(id) = &create.payment_method
            && card::issuer_decision(id).is_none()
        {
            return Err(ApiError::missing_param("PaymentMethod", id, "payment_method"));
        }
        let (confirm, off_session) = (create.confirm, create.off_session);
        let mut intent = Intent::new(new_id("pi"), create, now);
        deviation.into_iter().for_each(|deviation| intent.deviate(deviation));
        let mut transition = Transition::default();
        if confirm {
            transition = intent.confirm(None, off_session, new_id("ch"), now)?;
        }
        Ok(self.outcome(intent, transition, now))
    }

    fn transition(
        &self,
        id: &str,
        now: DateTime<Utc>,
        transition: impl FnOnce(&mut Intent) -> Result<Transition, ApiError>,
    ) -> Result<Outcome, ApiError> {
        let mut intent = self.intent(id).ok_or_else(|| ApiError::missing("payment_intent", id))?.clone();
        let transition = transition(&mut intent)?;
        Ok(self.outcome(intent, transition, now))
    }

    fn refund(&self, command: command::Refund, now: DateTime<Utc>) -> Result<Outcome, ApiError> {
        let id = &command.intent;
        let intent = self.intent(id).ok_or_else(|| ApiError::missing_param("payment_intent", id, "payment_intent"))?;
        let mut intent = intent.clone();
        let (amount, transition) = intent.refund(command.amount)?;
        let refund = Refund {
            id: new_id("re"),
            payment_intent: intent.id.clone(),
            charge: intent.latest_charge.clone().unwrap_or_default(),
            amount,
            currency: intent.currency.clone(),
            reason: command.reason,
            metadata: command.metadata,
            created: now.timestamp(),
        };
        let mut outcome = self.outcome(intent, transition, now);
        outcome.response = ApiResponse::ok(refund.to_json());
        outcome.change.refund = Some(refund);
        Ok(outcome)
    }

    fn outcome(&self, intent: Intent, transition: Transition, now: DateTime<Utc>) -> Outcome {
        let first = self.ledger.len() as u64 + 1;
        let entries = (first..).zip(transition.entries).map(|(seq, (kind, amount))| Entry {
            seq,
            time: now,
            payment_intent: intent.id.clone(),
            kind,
            amount,
            currency: intent.currency.clone(),
            metadata: intent.metadata.clone(),
        });
        let entries = entries.collect();
        let response = match transition.declined {
            None => ApiResponse::ok(intent.to_json()),
            Some(decline) => ApiError::declined(decline).with("payment_intent", intent.to_json()).into(),
        };
        let event = transition.event.map(|kind| {
            let object = if kind.starts_with("charge.") { intent.charge_json() } else { intent.to_json() };
            Event { id: new_id("evt"), kind, object, created: now }
        });
        Outcome { response, change: Change { intent: Some(intent), refund: None, entries }, event }
    }
}

fn new_id(prefix: &str) -> String {
    format!("{prefix}_{}", Uuid::now_v7().simple())
}
