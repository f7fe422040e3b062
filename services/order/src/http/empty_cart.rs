//! `DELETE /v1/cart`

use axum::{extract::State, http::StatusCode};
use backon::Retryable;
use contracts::{Problem, http::Customer};

use crate::{AppState, error::Error, store::conflict_backoff};

/// Empties the cart.
#[utoipa::path(
    delete,
    path = "/v1/cart",
    tag = "cart",
    responses(
        (status = 204, description = "The cart is empty"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn empty_cart(State(app): State<AppState>, Customer(user): Customer) -> Result<StatusCode, Error> {
    (|| app.store.remove_cart(user)).retry(conflict_backoff()).when(Error::is_conflict).await?;
    Ok(StatusCode::NO_CONTENT)
}
