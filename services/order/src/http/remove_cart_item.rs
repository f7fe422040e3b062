//! `DELETE /v1/cart/items/{sku}`

use axum::{extract::State, http::StatusCode};
use backon::Retryable;
use contracts::{
    Problem, Sku, UserId,
    http::{Customer, Path},
};

use crate::{AppState, clock, error::Error, store::conflict_backoff};

/// Takes a SKU out of the cart. It does not matter whether it was in.
#[utoipa::path(
    delete,
    path = "/v1/cart/items/{sku}",
    tag = "cart",
    params(("sku" = Sku, Path, description = "What")),
    responses(
        (status = 204, description = "It is not in the cart"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn remove_cart_item(
    State(app): State<AppState>,
    Customer(user): Customer,
    Path(sku): Path<Sku>,
) -> Result<StatusCode, Error> {
    (|| remove(&app, user, &sku)).retry(conflict_backoff()).when(Error::is_conflict).await?;
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
