//! Answers that are kept with their effect, and given again to a repetition.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use contracts::http::IDEMPOTENT_REPLAYED;

use super::bodies::OrderBody;
use crate::{domain::Order, error::Error, store::idempotency::StoredAnswer};

/// The answer that shows `order`.
pub(super) fn of(status: StatusCode, order: &Order) -> Result<StoredAnswer, Error> {
    let body = serde_json::to_string(&OrderBody::from(order.clone()))?;
    Ok(StoredAnswer { status: status.as_u16(), location: format!("/v1/orders/{}", order.id), body })
}

/// The answer as a response, given for the first time.
pub(super) fn first(answer: StoredAnswer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let json = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let location = HeaderValue::from_str(&answer.location).ok().map(|value| [(header::LOCATION, value)]);
    match location.filter(|_| status == StatusCode::ACCEPTED) {
        Some(location) => (status, [json], location, answer.body).into_response(),
        None => (status, [json], answer.body).into_response(),
    }
}

/// The answer as a response to a repetition.
pub(super) fn again(answer: StoredAnswer) -> Response {
    let replayed: [(HeaderName, HeaderValue); 1] = [(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"))];
    (replayed, first(answer)).into_response()
}
