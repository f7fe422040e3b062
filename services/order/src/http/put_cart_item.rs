//! `PUT /v1/cart/items/{sku}`

use axum::{Json, extract::State};
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
    store::retry_conflicts,
};

/// Quantity of a SKU in the cart.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PutCartItem {
    /// Number of pieces; replaces the previous quantity.
    quantity: Quantity,
}

/// Sets the quantity of a SKU in the cart, at the current price, and returns the cart.
#[utoipa::path(
    put,
    path = "/v1/cart/items/{sku}",
    tag = "cart",
    security(("access_token" = ["customer"])),
    params(("sku" = Sku, Path, description = "SKU to put into the cart")),
    request_body = PutCartItem,
    responses(
        (status = 200, description = "The cart", body = CartBody),
        (status = 404, description = "The path does not contain a SKU",
            body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Other requests are changing the cart",
            body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The SKU is not for sale, has another currency, or exceeds the cart's limits",
            body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn put_cart_item(
    State(app): State<AppState>,
    Customer(user): Customer,
    Path(sku): Path<Sku>,
    http::Json(PutCartItem { quantity }): http::Json<PutCartItem>,
) -> Result<Json<CartBody>, Error> {
    let _turn = app.store.lock_cart(user).await;
    retry_conflicts(|| put(&app, user, &sku, quantity)).await.map(Json)
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
