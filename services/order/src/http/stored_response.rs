//! Responses that are stored with their effect and replayed to retries.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use contracts::http::IDEMPOTENT_REPLAYED;

use super::bodies::OrderBody;
use crate::{domain::Order, error::Error, store::idempotency::StoredResponse};

/// Returns the response that shows `order`.
pub(super) fn of(status: StatusCode, order: &Order) -> Result<StoredResponse, Error> {
    let body = serde_json::to_string(&OrderBody::from(order.clone()))?;
    Ok(StoredResponse { status: status.as_u16(), location: format!("/v1/orders/{}", order.id), body })
}

/// Responds to the first request.
pub(super) fn respond(stored: StoredResponse) -> Response {
    let status = StatusCode::from_u16(stored.status).unwrap_or(StatusCode::OK);
    let json = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let location = HeaderValue::from_str(&stored.location).ok().map(|value| [(header::LOCATION, value)]);
    match location.filter(|_| status == StatusCode::ACCEPTED) {
        Some(location) => (status, [json], location, stored.body).into_response(),
        None => (status, [json], stored.body).into_response(),
    }
}

/// Responds to a retry.
pub(super) fn replay(stored: StoredResponse) -> Response {
    let replayed: [(HeaderName, HeaderValue); 1] = [(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"))];
    (replayed, respond(stored)).into_response()
}
