//! `DELETE /v1/cart`

use axum::{extract::State, http::StatusCode};
use contracts::{Problem, http::Customer};

use crate::{AppState, clock, error::Error, store::retry_conflicts};

/// Empties the cart.
#[utoipa::path(
    delete,
    path = "/v1/cart",
    tag = "cart",
    security(("access_token" = ["customer"])),
    responses(
        (status = 204, description = "The cart is empty"),
        (status = 409, description = "Other requests are changing the cart",
            body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn empty_cart(State(app): State<AppState>, Customer(user): Customer) -> Result<StatusCode, Error> {
    retry_conflicts(|| app.store.empty_cart(user, clock::now())).await?;
    Ok(StatusCode::NO_CONTENT)
}
