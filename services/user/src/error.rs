//! What can go wrong, and what the outside gets to know of it.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use chrono::TimeDelta;
use contracts::{Problem, ProblemType};

use crate::{passwords::HashingFailed, signing::SigningFailed, store::StoreError};

/// Every way in which a request fails whose form was right.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field is missing, or does not go with the others.
    #[error("`{field}` {detail}")]
    WrongField {
        /// Its name.
        field: &'static str,
        /// What is wrong with it.
        detail: &'static str,
    },
    /// E-mail address and password do not fit, or a refresh token is not good (any more). The same for every reason.
    #[error("the credentials are not valid")]
    InvalidCredentials,
    /// Too many sign-in attempts on one address.
    #[error("too many sign-in attempts")]
    TooManyAttempts {
        /// How long to wait.
        wait: TimeDelta,
    },
    /// The account that a token was issued for was deleted since.
    #[error("the account is gone")]
    AccountGone,
    /// Other changes of the same account were in the way each time.
    #[error("too many changes of one account at once")]
    Contended,
    /// The table.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The hashing of passwords.
    #[error(transparent)]
    Hashing(#[from] HashingFailed),
    /// The signing of tokens.
    #[error(transparent)]
    Signing(#[from] SigningFailed),
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        match error {
            Error::WrongField { field, detail } => {
                Problem::new(ProblemType::InvalidRequest).with_error(*field, *detail)
            }
            Error::InvalidCredentials => Problem::new(ProblemType::InvalidCredentials),
            Error::TooManyAttempts { .. } => Problem::new(ProblemType::TooManyRequests)
                .with_detail("too many attempts to sign in with this address; wait as long as Retry-After says"),
            Error::AccountGone => Problem::new(ProblemType::Unauthenticated).with_detail("the account was deleted"),
            Error::Contended => {
                Problem::new(ProblemType::Conflict).with_detail("the account is being changed; try again")
            }
            Error::Store(StoreError::Call { .. } | StoreError::Contended)
            | Error::Signing(SigningFailed::Kms { .. }) => Problem::new(ProblemType::Unavailable),
            Error::Store(StoreError::Form(_))
            | Error::Hashing(_)
            | Error::Signing(SigningFailed::Empty { .. } | SigningFailed::NotRsa(_)) => {
                Problem::new(ProblemType::Internal)
            }
        }
    }
}

impl IntoResponse for Error {
    /// The boundary: causes are logged here, once, and do not leave.
    fn into_response(self) -> Response {
        let problem = Problem::from(&self);
        if problem.status >= 500 {
            tracing::error!(trace_id = problem.trace_id, error = contracts::error::chain(&self), "request failed");
        }
        let mut response = problem.into_response();
        if let Self::TooManyAttempts { wait } = self {
            // Rounded up: who waits exactly as told must not be refused again.
            let seconds = (wait.num_milliseconds().max(1) as u64).div_ceil(1_000);
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_is_told_in_whole_seconds_rounded_up() {
        for (millis, seconds) in [(1, "1"), (1_000, "1"), (1_001, "2"), (900_000, "900")] {
            let response = Error::TooManyAttempts { wait: TimeDelta::milliseconds(millis) }.into_response();
            assert_eq!(response.headers()[header::RETRY_AFTER], seconds);
        }
    }

    #[test]
    fn a_cause_inside_does_not_leave() {
        let source = "connection to 10.0.0.7 refused".into();
        let problem = Problem::from(&Error::Store(StoreError::Call { operation: "GetItem", source }));
        assert_eq!(problem.status, 503);
        assert!(!serde_json::to_string(&problem).unwrap().contains("10.0.0.7"));
    }
}
