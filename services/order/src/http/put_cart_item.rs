//! `PUT /v1/cart/items/{sku}`

use axum::{Json, extract::State};
use backon::Retryable;
use contracts::{
    Problem, Sku, UserId,
    http::{self, Customer, Path},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::bodies::CartBody;
use crate::{
    AppState, clock,
    domain::{PlaceRefusal, Quantity},
    error::Error,
    store::conflict_backoff,
};

/// How much of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PutCartItem {
    /// How many pieces, in the place of what was in the cart.
    #[schema(value_type = u32, minimum = 1, maximum = 99)]
    quantity: Quantity,
}

/// Puts pieces of a SKU into the cart, at the price of this moment, and shows the cart.
#[utoipa::path(
    put,
    path = "/v1/cart/items/{sku}",
    tag = "cart",
    params(("sku" = Sku, Path, description = "What")),
    request_body = PutCartItem,
    responses(
        (status = 200, description = "The cart", body = CartBody),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn put_cart_item(
    State(app): State<AppState>,
    Customer(user): Customer,
    Path(sku): Path<Sku>,
    http::Json(PutCartItem { quantity }): http::Json<PutCartItem>,
) -> Result<Json<CartBody>, Error> {
    (|| put(&app, user, &sku, quantity)).retry(conflict_backoff()).when(Error::is_conflict).await.map(Json)
}

async fn put(app: &AppState, user: UserId, sku: &Sku, quantity: Quantity) -> Result<CartBody, Error> {
    let stored = app.store.cart(user).await?;
    let mut cart = stored.cart.clone();
    let others = cart.lines().iter().map(|line| &line.sku).filter(|other| *other != sku);
    let offers = app.store.offers(others.chain([sku])).await?;
    cart.put(sku, quantity, offers.get(sku))?;
    let shown = cart.refresh(&offers);
    let total = cart.total().map_err(PlaceRefusal::from)?;
    app.store.save_cart(user, &stored, cart, clock::now()).await?;
    Ok(CartBody::new(shown, total))
}
