//! `GET /v1/cart`

use axum::{Json, extract::State};
use backon::Retryable;
use contracts::{Problem, UserId, http::Customer};

use super::bodies::CartBody;
use crate::{AppState, clock, domain::PlaceRefusal, error::Error, store::conflict_backoff};

/// Shows the cart at the prices of this moment. Where a price has changed since the customer last saw it, the previous
/// one stands beside it, once: from now on, the new price is the one that was shown.
#[utoipa::path(
    get,
    path = "/v1/cart",
    tag = "cart",
    responses(
        (status = 200, description = "The cart", body = CartBody),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn read_cart(State(app): State<AppState>, Customer(user): Customer) -> Result<Json<CartBody>, Error> {
    (|| read(&app, user)).retry(conflict_backoff()).when(Error::is_conflict).await.map(Json)
}

async fn read(app: &AppState, user: UserId) -> Result<CartBody, Error> {
    let stored = app.store.cart(user).await?;
    let mut cart = stored.cart.clone();
    let offers = app.store.offers(cart.lines().iter().map(|line| &line.sku)).await?;
    let shown = cart.refresh(&offers);
    let total = cart.total().map_err(PlaceRefusal::from)?;
    if cart != stored.cart {
        app.store.save_cart(user, &stored, cart, clock::now()).await?;
    }
    Ok(CartBody::new(shown, total))
}
