//! `DELETE /v1/cart`

use axum::{extract::State, http::StatusCode};
use contracts::{Problem, UserId, http::Customer};

use crate::{AppState, clock, domain::Cart, error::Error, store::retry_conflicts};

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
    let _turn = app.store.lock_cart(user).await;
    retry_conflicts(|| empty(&app, user)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn empty(app: &AppState, user: UserId) -> Result<(), Error> {
    let stored = app.store.cart(user).await?;
    if !stored.cart.lines().is_empty() {
        app.store.save_cart(user, &stored, Cart::default(), clock::now()).await?;
    }
    Ok(())
}
