//! W3C Trace Context: the thread that ties a request to everything it causes, across every queue.
//!
//! The current context is a task-local, so that a problem document and an event find it without every function
//! in between having to carry it. Enter one with [`TraceContext::scope`] at the edge of the process: a request or a message.

use std::{fmt, future::Future, str::FromStr};

use uuid::Uuid;

tokio::task_local! {
    static CURRENT: TraceContext;
}

/// One position in one trace. Its text form is the value of a `traceparent` header (version 00).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: u128,
    parent_id: u64,
    sampled: bool,
}

impl TraceContext {
    /// The beginning of a new trace, for work that nobody's request caused.
    pub fn root() -> Self {
        Self { trace_id: random_bits(), parent_id: random_bits() as u64 | 1, sampled: true }
    }

    /// A step within this trace.
    pub fn child(&self) -> Self {
        Self { parent_id: random_bits() as u64 | 1, ..*self }
    }

    /// A step within the trace that a message or request came with, or a new trace where it came with none
    /// or with one that cannot be read (the specification asks to start afresh then).
    pub fn continued(traceparent: Option<&str>) -> Self {
        traceparent.and_then(|text| text.parse::<Self>().ok()).map_or_else(Self::root, |parent| parent.child())
    }

    /// The context of the request or message in hand; a new one where there is none.
    pub fn current() -> Self {
        CURRENT.try_with(|context| *context).unwrap_or_else(|_| Self::root())
    }

    /// Runs `work` with this context as the current one.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// The trace's id as logs and problem documents show it: 32 hexadecimal digits.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace_id)
    }
}

/// UUIDv4 spares a dependency on a generator; its six fixed bits do no harm here.
fn random_bits() -> u128 {
    Uuid::new_v4().as_u128()
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.parent_id, u8::from(self.sampled))
    }
}

/// The text is not a `traceparent` that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a W3C traceparent")]
pub struct InvalidTraceparent;

impl FromStr for TraceContext {
    type Err = InvalidTraceparent;

    fn from_str(text: &str) -> Result<Self, InvalidTraceparent> {
        let mut parts = text.split('-');
        let mut hex = |digits: usize| {
            let part = parts.next()?;
            let canonical = part.len() == digits && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            canonical.then(|| u128::from_str_radix(part, 16).ok()).flatten()
        };
        let (version, trace_id, parent_id, flags) =
            (|| Some((hex(2)?, hex(32)?, hex(16)?, hex(2)?)))().ok_or(InvalidTraceparent)?;
        // A later version may have more parts behind the four; version 00 may not. 255 is forbidden.
        let well_formed = version != 255 && (version != 0 || parts.next().is_none()) && trace_id != 0 && parent_id != 0;
        if !well_formed {
            return Err(InvalidTraceparent);
        }
        Ok(Self { trace_id, parent_id: parent_id as u64, sampled: flags & 1 == 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_traceparent_survives_its_text() {
        assert_eq!(EXAMPLE.parse::<TraceContext>().unwrap().to_string(), EXAMPLE);
    }

    #[test]
    fn a_child_stays_in_the_trace() {
        let parent: TraceContext = EXAMPLE.parse().unwrap();
        let child = TraceContext::continued(Some(EXAMPLE));
        assert_eq!(child.trace_id(), parent.trace_id());
        assert_ne!(child, parent);
    }

    #[test]
    fn what_cannot_be_read_starts_a_new_trace() {
        for text in [
            "",
            "00-0-0-0",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        ] {
            assert!(text.parse::<TraceContext>().is_err(), "{text}");
            assert_eq!(TraceContext::continued(Some(text)).trace_id().len(), 32);
        }
    }

    #[tokio::test]
    async fn the_current_context_is_the_scopes() {
        let context: TraceContext = EXAMPLE.parse().unwrap();
        assert_eq!(context.scope(async { TraceContext::current() }).await, context);
    }
}
