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
    domain::{Cart, PlaceRefusal, Quantity},
    error::Error,
    store::{carts::StoredCart, retry_conflicts},
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
    // A cart usually begins with this request, so it is not read first: if it has lines, the refused write returns it.
    let mut stored = match begin(&app, user, &sku, quantity).await? {
        Begin::Done(body) => return Ok(Json(body)),
        Begin::Refused(stored) => stored,
    };
    retry_conflicts(|| put(&app, user, &sku, quantity, stored.take())).await.map(Json)
}

enum Begin {
    Done(CartBody),
    /// The cart has lines already, or a transaction is writing it.
    Refused(Option<StoredCart>),
}

async fn begin(app: &AppState, user: UserId, sku: &Sku, quantity: Quantity) -> Result<Begin, Error> {
    let (cart, body) = changed(app, Cart::default(), sku, quantity).await?;
    match app.store.begin_cart(user, &cart, clock::now()).await {
        Ok(None) => Ok(Begin::Done(body)),
        Ok(stored) => Ok(Begin::Refused(stored)),
        Err(error) if error.is_version_conflict() => Ok(Begin::Refused(None)),
        Err(error) => Err(error),
    }
}

/// Changes the cart as it was read, unless another request has changed it since.
async fn put(
    app: &AppState,
    user: UserId,
    sku: &Sku,
    quantity: Quantity,
    stored: Option<StoredCart>,
) -> Result<CartBody, Error> {
    let stored = match stored {
        Some(stored) => stored,
        None => app.store.cart(user).await?,
    };
    let (cart, body) = changed(app, stored.cart.clone(), sku, quantity).await?;
    app.store.save_cart(user, &stored, cart, clock::now()).await?;
    Ok(body)
}

/// Returns the cart with the quantity, at the current prices, and as it is shown.
async fn changed(app: &AppState, mut cart: Cart, sku: &Sku, quantity: Quantity) -> Result<(Cart, CartBody), Error> {
    let others = cart.lines().iter().map(|line| &line.sku).filter(|other| *other != sku);
    let offers = app.store.offers(others.chain([sku])).await?;
    cart.put(sku, quantity, offers.get(sku))?;
    let shown = cart.refresh(&offers);
    let total = cart.total().map_err(PlaceRefusal::from)?;
    Ok((cart, CartBody::new(shown, total)))
}
