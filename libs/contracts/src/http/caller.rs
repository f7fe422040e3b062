//! Callers: the access rules that a handler's signature declares.

use super::Tokens;
use crate::{
    Problem, ProblemType, UserId,
    auth::{Claims, Scope},
};
use axum::{
    extract::{FromRef, FromRequestParts},
    http::{header, request::Parts},
};

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
                let claims = claims(parts, &Tokens::from_ref(state)).await?;
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

async fn claims(parts: &Parts, tokens: &Tokens) -> Result<Claims, Problem> {
    let unauthenticated = || Problem::new(ProblemType::Unauthenticated);
    let header = parts.headers.get(header::AUTHORIZATION).ok_or_else(unauthenticated)?;
    let token = header.to_str().ok().and_then(bearer).ok_or_else(unauthenticated)?;
    tokens.verify(token).await
}

/// Returns the token of an `Authorization` header. The scheme is case-insensitive (RFC 9110).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
