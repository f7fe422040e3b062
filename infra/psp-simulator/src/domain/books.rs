//! All that the processor knows of payments, and how a command changes it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    card,
    command::{self, Command, Create},
    error::{Answer, ApiError},
    event::Event,
    intent::Intent,
    ledger::Entry,
    refund::Refund,
    status::Step,
};

/// Intents, refunds and the ledger.
#[derive(Debug, Default)]
pub struct Books {
    intents: Vec<Intent>,
    refunds: Vec<Refund>,
    ledger: Vec<Entry>,
    positions: HashMap<String, usize>,
}

/// The objects that one command leaves behind, as they are afterwards: what the journal keeps.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Change {
    intent: Option<Intent>,
    refund: Option<Refund>,
    entries: Vec<Entry>,
}

/// What a command comes to. Nothing has happened before the change is applied.
#[derive(Debug)]
pub struct Outcome {
    /// For the client.
    pub answer: Answer,
    /// For the journal, then for [`Books::apply`].
    pub change: Change,
    /// For the webhook, once the change is applied.
    pub event: Option<Event>,
}

impl Books {
    /// Decides a command. It is only decided: [`Books::apply`] makes it so.
    pub fn decide(&self, command: Command, now: DateTime<Utc>) -> Outcome {
        let decided = match command {
            Command::Create(new) => self.create(new, now),
            Command::Confirm(it) => {
                self.step(&it.intent, now, |intent| intent.confirm(it.payment_method, it.unattended, new_id("ch")))
            }
            Command::Capture(it) => self.step(&it.intent, now, |intent| intent.capture(it.amount_to_capture)),
            Command::Cancel(it) => self.step(&it.intent, now, |intent| intent.cancel(it.reason, now)),
            Command::Refund(it) => self.refund(it, now),
        };
        decided.unwrap_or_else(|error| Outcome { answer: error.into(), change: Change::default(), event: None })
    }

    /// Takes a change over: one that was just decided, or one from the journal.
    pub fn apply(&mut self, change: Change) {
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

    /// An intent by its id.
    pub fn intent(&self, id: &str) -> Option<&Intent> {
        self.positions.get(id).map(|&position| &self.intents[position])
    }

    /// Every intent, oldest first.
    pub fn intents(&self) -> &[Intent] {
        &self.intents
    }

    /// Every refund, oldest first.
    pub fn refunds(&self) -> &[Refund] {
        &self.refunds
    }

    /// The ledger, oldest first.
    pub fn ledger(&self) -> &[Entry] {
        &self.ledger
    }

    fn create(&self, new: Create, now: DateTime<Utc>) -> Result<Outcome, ApiError> {
        if let Some(unknown) = new.payment_method.as_deref().filter(|id| card::verdict(id).is_none()) {
            return Err(ApiError::missing_param("PaymentMethod", unknown, "payment_method"));
        }
        let (confirm, unattended) = (new.confirm, new.unattended);
        let mut intent = Intent::new(new_id("pi"), new, now);
        let step = if confirm { intent.confirm(None, unattended, new_id("ch"))? } else { Step::default() };
        Ok(self.outcome(intent, step, now))
    }

    fn step(
        &self,
        id: &str,
        now: DateTime<Utc>,
        transition: impl FnOnce(&mut Intent) -> Result<Step, ApiError>,
    ) -> Result<Outcome, ApiError> {
        let mut intent = self.intent(id).ok_or_else(|| ApiError::missing("payment_intent", id))?.clone();
        let step = transition(&mut intent)?;
        Ok(self.outcome(intent, step, now))
    }

    fn refund(&self, wanted: command::Refund, now: DateTime<Utc>) -> Result<Outcome, ApiError> {
        let id = &wanted.intent;
        let known = self.intent(id).ok_or_else(|| ApiError::missing_param("payment_intent", id, "payment_intent"))?;
        let mut intent = known.clone();
        let (amount, step) = intent.refund(wanted.amount)?;
        let refund = Refund {
            id: new_id("re"),
            payment_intent: intent.id.clone(),
            charge: intent.latest_charge.clone().unwrap_or_default(),
            amount,
            currency: intent.currency.clone(),
            reason: wanted.reason,
            metadata: wanted.metadata,
            created: now.timestamp(),
        };
        let answer = Answer::ok(refund.to_json());
        let outcome = self.outcome(intent, step, now);
        Ok(Outcome { answer, change: Change { refund: Some(refund), ..outcome.change }, ..outcome })
    }

    fn outcome(&self, intent: Intent, step: Step, now: DateTime<Utc>) -> Outcome {
        let next = self.ledger.len() as u64 + 1;
        let entry = |(seq, (kind, amount))| Entry {
            seq,
            time: now,
            payment_intent: intent.id.clone(),
            kind,
            amount,
            currency: intent.currency.clone(),
            metadata: intent.metadata.clone(),
        };
        let entries = (next..).zip(step.posted).map(entry).collect();
        let answer = match step.declined {
            None => Answer::ok(intent.to_json()),
            Some(decline) => ApiError::declined(decline).payment_intent(intent.to_json()).into(),
        };
        let event = step.event.map(|kind| {
            let object = if kind.starts_with("charge.") { intent.charge_json() } else { intent.to_json() };
            Event { id: new_id("evt"), kind, object, created: now }
        });
        Outcome { answer, change: Change { intent: Some(intent), refund: None, entries }, event }
    }
}

fn new_id(prefix: &str) -> String {
    format!("{prefix}_{}", Uuid::now_v7().simple())
}
