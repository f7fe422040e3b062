//! Everything the simulator knows, and the execution of one command on it. It lives behind one lock: what happens
//! to money happens one at a time.

use std::{io, path::Path};

use crate::{
    clock,
    domain::{
        books::{Books, Outcome},
        command::Command,
        error::{Answer, ApiError},
        event::Event,
    },
    fault::Faults,
    idempotency::{Executed, Fingerprint, Keys},
    journal::{Journal, Record},
};

/// Books, idempotency keys, faults, and the journal below them.
#[derive(Debug)]
pub struct State {
    /// Intents, refunds and the ledger.
    pub books: Books,
    /// Results by `Idempotency-Key`.
    pub keys: Keys,
    /// Failures that wait for their call.
    pub faults: Faults,
    journal: Journal,
}

impl State {
    /// What the journal knows, or nothing yet.
    pub fn open(journal: Option<&Path>) -> io::Result<Self> {
        let (journal, records) = Journal::open(journal)?;
        let mut state = Self { books: Books::default(), keys: Keys::default(), faults: Faults::default(), journal };
        for Record { change, executed } in records {
            state.books.apply(change);
            if let Some(executed) = executed {
                state.keys.finish(executed);
            }
        }
        Ok(state)
    }

    /// Executes a command whose key, if it has one, was taken before. The result is in the journal before it shows
    /// anywhere; where that fails, nothing has happened. With `fail`, it happens and the answer is a 500.
    pub fn execute(
        &mut self,
        command: Command,
        key: Option<(String, Fingerprint)>,
        fail: bool,
    ) -> (Answer, Option<Event>) {
        let now = clock::now();
        let Outcome { answer, change, event } = self.books.decide(command, now);
        let answer = if fail { ApiError::internal().into() } else { answer };
        let executed = key.map(|(key, fingerprint)| Executed { key, fingerprint, answer: answer.clone(), time: now });
        let record = Record { change, executed };
        if let Err(error) = self.journal.append(&record) {
            tracing::error!(%error, "the journal cannot be written: refused");
            if let Some(executed) = record.executed {
                self.keys.abandon(&executed.key);
            }
            return (ApiError::internal().into(), None);
        }
        self.books.apply(record.change);
        if let Some(executed) = record.executed {
            self.keys.finish(executed);
        }
        (answer, event)
    }
}
