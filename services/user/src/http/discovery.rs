//! `GET /.well-known/…`: what API Gateway's authoriser, and every service, needs to check tokens.

use axum::{
    extract::State,
    http::{HeaderName, header},
};
use jsonwebtoken::jwk::JwkSet;
use serde::Serialize;
use utoipa::ToSchema;

use crate::AppState;

/// Both documents may be kept for five minutes, as long as services keep the keys. API Gateway keeps them up to two hours:
/// a new key is published that long before it signs.
const CACHED: [(HeaderName, &str); 1] = [(header::CACHE_CONTROL, "public, max-age=300")];

/// The issuer's metadata (OpenID Connect Discovery 1.0, as far as there is something to tell).
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Discovery {
    /// The `iss` of every token.
    issuer: String,
    /// Where the keys are.
    jwks_uri: String,
    /// Where tokens are given.
    token_endpoint: String,
    /// Where sign-ins are ended.
    revocation_endpoint: String,
    /// What tokens are given for.
    grant_types_supported: [&'static str; 2],
    /// None: there is no authorisation endpoint.
    response_types_supported: [&'static str; 0],
    /// The same subject for every client.
    subject_types_supported: [&'static str; 1],
    /// How tokens are signed.
    id_token_signing_alg_values_supported: [&'static str; 1],
    /// What a token can allow.
    scopes_supported: [&'static str; 3],
}

/// The issuer's metadata.
#[utoipa::path(
    get, path = "/.well-known/openid-configuration", tag = "discovery",
    responses((status = 200, description = "The metadata", body = Discovery)),
)]
pub(super) async fn openid_configuration(
    State(state): State<AppState>,
) -> ([(HeaderName, &'static str); 1], axum::Json<Discovery>) {
    let issuer = state.tokens.issuer();
    let discovery = Discovery {
        issuer: issuer.to_string(),
        jwks_uri: format!("{issuer}/.well-known/jwks.json"),
        token_endpoint: format!("{issuer}/v1/auth/token"),
        revocation_endpoint: format!("{issuer}/v1/auth/revoke"),
        grant_types_supported: ["password", "refresh_token"],
        response_types_supported: [],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256"],
        scopes_supported: ["customer", "staff", "admin"],
    };
    (CACHED, axum::Json(discovery))
}

/// The public keys that tokens are checked with (RFC 7517).
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "discovery",
    responses((status = 200, description = "A JWK set", body = Object)),
)]
pub(super) async fn jwks(State(state): State<AppState>) -> ([(HeaderName, &'static str); 1], axum::Json<JwkSet>) {
    (CACHED, axum::Json(state.tokens.jwks()))
}
