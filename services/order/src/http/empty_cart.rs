//! `DELETE /v1/cart`

use axum::{extract::State, http::StatusCode};
use contracts::http::Customer;

use crate::{AppState, error::Error, store::retry_conflicts};

/// Empties the cart.
#[utoipa::path(
    delete,
    path = "/v1/cart",
    tag = "cart",
    security(("access_token" = ["customer"])),
    responses((status = 204, description = "The cart is empty"))
)]
pub(super) async fn empty_cart(State(app): State<AppState>, Customer(user): Customer) -> Result<StatusCode, Error> {
    retry_conflicts(|| app.store.remove_cart(user)).await?;
    Ok(StatusCode::NO_CONTENT)
}
