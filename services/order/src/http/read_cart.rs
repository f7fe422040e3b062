//! `GET /v1/cart`

use axum::{Json, extract::State};
use contracts::{Problem, UserId, http::Customer};

use super::bodies::CartBody;
use crate::{AppState, clock, domain::PlaceRefusal, error::Error, store::retry_conflicts};

/// Returns the cart at the current prices.
///
/// A price that has changed since the customer last saw it is returned once with the previous one. From then on, the
/// new price is the one that the customer was shown.
#[utoipa::path(
    get,
    path = "/v1/cart",
    tag = "cart",
    security(("access_token" = ["customer"])),
    responses(
        (status = 200, description = "The cart", body = CartBody),
        (status = 409, description = "Other requests are changing the cart",
            body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The total is too large at the current prices",
            body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn read_cart(State(app): State<AppState>, Customer(user): Customer) -> Result<Json<CartBody>, Error> {
    let _turn = app.store.lock_cart(user).await;
    retry_conflicts(|| read(&app, user)).await.map(Json)
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
