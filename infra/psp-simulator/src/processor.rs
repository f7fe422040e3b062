//! The simulator's whole state. One lock serializes all commands, so that money movements never race.

use std::{io, path::Path};

use crate::{
    clock,
    domain::{
        books::{Books, Outcome},
        command::Command,
        error::{ApiError, ApiResponse},
        event::Event,
    },
    fault::{Faults, Kind},
    idempotency::{Executed, Fingerprint, Keys},
    journal::{Journal, Record},
    limit::Limits,
};

/// Books, idempotency keys, pending faults, and the journal that persists them.
#[derive(Debug)]
pub(crate) struct Processor {
    pub(crate) books: Books,
    pub(crate) keys: Keys,
    pub(crate) faults: Faults,
    pub(crate) limits: Limits,
    journal: Journal,
}

impl Processor {
    /// Restores the state from the journal, or starts empty.
    pub(crate) fn open(journal: Option<&Path>) -> io::Result<Self> {
        let (journal, records) = Journal::open(journal)?;
        let mut processor = Self {
            books: Books::default(),
            keys: Keys::default(),
            faults: Faults::default(),
            limits: Limits::default(),
            journal,
        };
        for record in records {
            processor.apply(record);
        }
        Ok(processor)
    }

    /// Executes a command whose idempotency key, if any, is already locked. The result is written to the journal
    /// before it becomes visible. If that write fails, the command has no effect. A `fault` may change the effect, or
    /// replace the response by a 500. With `expand`, the response contains the intent's charge instead of its id.
    pub(crate) fn execute(
        &mut self,
        command: Command,
        key: Option<(String, Fingerprint)>,
        fault: Option<Kind>,
        expand: bool,
    ) -> (ApiResponse, Option<Event>) {
        let now = clock::now();
        let Outcome { mut response, change, event } = self.books.decide(command, fault.and_then(Kind::deviation), now);
        if expand && let Some(intent) = change.intent() {
            intent.expand_charge(&mut response.body);
        }
        if fault == Some(Kind::Error500After) {
            response = ApiError::internal().into();
        }
        let executed =
            key.map(|(key, fingerprint)| Executed { key, fingerprint, response: response.clone(), time: now });
        let record = Record { change, executed };
        if let Err(error) = self.journal.append(&record) {
            tracing::error!(%error, "could not write the journal");
            if let Some(executed) = record.executed {
                self.keys.release(&executed.key);
            }
            return (ApiError::internal().into(), None);
        }
        self.apply(record);
        (response, event)
    }

    fn apply(&mut self, Record { change, executed }: Record) {
        self.books.apply(change);
        if let Some(executed) = executed {
            self.keys.finish(executed);
        }
    }
}
