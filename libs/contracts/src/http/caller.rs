//! Callers: the access rules that a handler's signature declares.

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{header, request::Parts},
};
use tokio::sync::watch;

use crate::{
    Problem, ProblemType, UserId,
    auth::{Claims, Scope, Verifier},
};

/// The current token verifier, updated by the task that reads the issuer's keys; `None` until its first success.
/// The router's state provides it (`FromRef`).
pub type Tokens = watch::Receiver<Option<Verifier>>;

/// A customer, who may access their own objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Customer(pub UserId);

/// A member of the shop's staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Staff(pub UserId);

/// An administrator of accounts and the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admin(pub UserId);

macro_rules! caller {
    ($name:ident, $scope:expr) => {
        impl<S> FromRequestParts<S> for $name
        where
            S: Send + Sync,
            Tokens: FromRef<S>,
        {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
                let claims = claims(parts, &Tokens::from_ref(state))?;
                if claims.allows($scope) {
                    Ok(Self(claims.sub))
                } else {
                    let detail = format!("the scope `{}` is missing", $scope.as_str());
                    Err(Problem::new(ProblemType::Forbidden).with_detail(detail))
                }
            }
        }
    };
}

caller!(Customer, Scope::Customer);
caller!(Staff, Scope::Staff);
caller!(Admin, Scope::Admin);

fn claims(parts: &Parts, tokens: &Tokens) -> Result<Claims, Problem> {
    let unauthenticated = || Problem::new(ProblemType::Unauthenticated);
    let header = parts.headers.get(header::AUTHORIZATION).ok_or_else(unauthenticated)?;
    let token = header.to_str().ok().and_then(bearer).ok_or_else(unauthenticated)?;
    match tokens.borrow().as_ref() {
        Some(verifier) => verifier.verify(token).map_err(|_| unauthenticated()),
        None => Err(Problem::new(ProblemType::Unavailable).with_detail("the token issuer's keys are not loaded yet")),
    }
}

/// Returns the token of an `Authorization` header. The scheme is case-insensitive (RFC 9110).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
