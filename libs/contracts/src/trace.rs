//! W3C Trace Context: connects a request to everything it causes, across all queues.
//!
//! The current context is a task-local: problem documents and events read it, and the functions in between do not have
//! to pass it on. Enter one with [`TraceContext::scope`] at the edge of the process, for each request or message.

use std::{fmt, future::Future, str::FromStr};

use uuid::Uuid;

tokio::task_local! {
    static CURRENT: TraceContext;
}

/// A position in a trace. The text form is the value of a `traceparent` header (version 00).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: u128,
    parent_id: u64,
    sampled: bool,
}

impl TraceContext {
    /// Starts a new trace, for work that no request caused.
    pub fn root() -> Self {
        Self { trace_id: random_bits(), parent_id: random_bits() as u64 | 1, sampled: true }
    }

    /// Returns a child of this position, in the same trace.
    pub fn child(&self) -> Self {
        Self { parent_id: random_bits() as u64 | 1, ..*self }
    }

    /// Continues the trace of a message or request. Starts a new one if `traceparent` is absent or not valid, as the
    /// specification requires.
    pub fn continued(traceparent: Option<&str>) -> Self {
        traceparent.and_then(|text| text.parse::<Self>().ok()).map_or_else(Self::root, |parent| parent.child())
    }

    /// Returns the context of the current request or message, or a new one outside of both.
    pub fn current() -> Self {
        CURRENT.try_with(|context| *context).unwrap_or_else(|_| Self::root())
    }

    /// Runs `work` with this context as the current one.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// Returns the trace id in the form of logs and problem documents: 32 hexadecimal digits.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace_id)
    }
}

/// UUIDv4 avoids a dependency on a random number generator; its six fixed bits do not matter here.
fn random_bits() -> u128 {
    Uuid::new_v4().as_u128()
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.parent_id, u8::from(self.sampled))
    }
}

/// The text is not a valid `traceparent`.
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
        // A later version may have more parts after the four, version 00 may not. Version 255 is forbidden.
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
    fn a_traceparent_round_trips_through_its_text() {
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
    fn an_invalid_traceparent_starts_a_new_trace() {
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
    async fn the_current_context_is_that_of_the_scope() {
        let context: TraceContext = EXAMPLE.parse().unwrap();
        assert_eq!(context.scope(async { TraceContext::current() }).await, context);
    }
}
