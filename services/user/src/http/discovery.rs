//! `GET /.well-known/…`: metadata and keys for the verification of tokens, by API Gateway and by every service.

use axum::{
    extract::State,
    http::{HeaderName, header},
};
use jsonwebtoken::jwk::JwkSet;
use serde::Serialize;
use utoipa::ToSchema;

use crate::AppState;

/// Both documents may be cached for five minutes, like services cache the keys. API Gateway caches them for up to two
/// hours: a new key has to be published two hours before it signs.
const CACHED: [(HeaderName, &str); 1] = [(header::CACHE_CONTROL, "public, max-age=300")];

/// Metadata of the token issuer: the applicable subset of OpenID Connect Discovery 1.0.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Discovery {
    /// Issuer: the `iss` of every token.
    issuer: String,
    /// URL of the public keys.
    jwks_uri: String,
    /// URL of the token endpoint.
    token_endpoint: String,
    /// URL of the revocation endpoint.
    revocation_endpoint: String,
    /// Supported grant types.
    grant_types_supported: [&'static str; 2],
    /// Supported response types: none, because there is no authorization endpoint.
    response_types_supported: [&'static str; 0],
    /// Supported subject types: every client gets the same subject.
    subject_types_supported: [&'static str; 1],
    /// Signature algorithms of tokens.
    id_token_signing_alg_values_supported: [&'static str; 1],
    /// Scopes that a token can have.
    scopes_supported: [&'static str; 3],
}

/// Returns the metadata of the token issuer.
#[utoipa::path(
    get, path = "/.well-known/openid-configuration", tag = "discovery",
    responses(
        (status = 200, description = "The metadata", body = Discovery,
            headers(("cache-control" = String, description = "Five minutes"))),
    ),
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

/// Returns the public keys that verify tokens (RFC 7517).
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "discovery",
    responses(
        (status = 200, description = "A JWK set of RSA keys", body = Object,
            headers(("cache-control" = String, description = "Five minutes"))),
    ),
)]
pub(super) async fn jwks(State(state): State<AppState>) -> ([(HeaderName, &'static str); 1], axum::Json<JwkSet>) {
    (CACHED, axum::Json(state.tokens.jwks()))
}
