//! `DELETE /v1/cart/items/{sku}`

use axum::{extract::State, http::StatusCode};
use contracts::{
    Problem, Sku, UserId,
    http::{Customer, Path},
};

use crate::{AppState, clock, error::Error, store::retry_conflicts};

/// Removes a SKU from the cart. Succeeds if the cart does not contain it.
#[utoipa::path(
    delete,
    path = "/v1/cart/items/{sku}",
    tag = "cart",
    security(("access_token" = ["customer"])),
    params(("sku" = Sku, Path, description = "SKU to remove from the cart")),
    responses(
        (status = 204, description = "The cart does not contain the SKU"),
        (status = 404, description = "The path does not contain a SKU",
            body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Other requests are changing the cart",
            body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn remove_cart_item(
    State(app): State<AppState>,
    Customer(user): Customer,
    Path(sku): Path<Sku>,
) -> Result<StatusCode, Error> {
    let _turn = app.store.lock_cart(user).await;
    retry_conflicts(|| remove(&app, user, &sku)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove(app: &AppState, user: UserId, sku: &Sku) -> Result<(), Error> {
    let stored = app.store.cart(user).await?;
    let mut cart = stored.cart.clone();
    if cart.remove(sku) {
        app.store.save_cart(user, &stored, cart, clock::now()).await?;
    }
    Ok(())
}
