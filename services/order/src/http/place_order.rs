//! `POST /v1/orders`

use axum::{extract::State, http::StatusCode, response::Response};
use contracts::{
    OrderId, Problem, UserId,
    http::{Customer, IdempotencyKey, Json},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{bodies::OrderBody, stored_response};
use crate::{
    AppState, clock,
    domain::{Cart, Cause, NewOrder, Order, PaymentMethod, PlaceRefusal, ShippingAddress, Unpaid},
    error::Error,
    saga,
    store::{
        idempotency::IdempotentRequest,
        retry_conflicts,
        transaction::{CartChange, Commit, Guard},
    },
};

/// Payment method and shipping address of a new order. Its lines and prices come from the cart.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PlaceOrder {
    /// The card processor's token of a payment method. Never card data.
    payment_method: PaymentMethod,
    /// Shipping address.
    shipping_address: ShippingAddress,
}

/// Places an order of all lines of the cart, at the prices that the cart shows, and empties the cart.
///
/// The order is accepted, not yet confirmed: stock and payment are processed asynchronously. The customer is never
/// charged more than the cart has shown: if a price has increased by then, the order is rejected.
#[utoipa::path(
    post,
    path = "/v1/orders",
    tag = "orders",
    security(("access_token" = ["customer"])),
    params(
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255, pattern = "^[!-~]{1,255}$",
            description = "New random value for each order, and the same value for each retry of it"),
    ),
    request_body = PlaceOrder,
    responses(
        (status = 202, description = "The placed order", body = OrderBody, headers(
            ("Location" = String, description = "Path of the order"),
            ("Idempotent-Replayed" = String, description = "`true` for the stored response to an earlier request"),
        )),
        (status = 409, description = "A request with the same key is in progress, or too many orders are unpaid",
            body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The cart is empty, the total is too large, or the key was used differently",
            body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many of the customer's payments were declined within a day",
            body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn place_order(
    State(app): State<AppState>,
    Customer(user_id): Customer,
    key: IdempotencyKey,
    Json(body): Json<PlaceOrder>,
) -> Result<Response, Error> {
    if !app.admission.is_open() {
        return Err(Error::Overloaded);
    }
    let request = IdempotentRequest::new(user_id, "place-order", &key, &body)?;
    let PlaceOrder { payment_method, shipping_address } = body;
    let new = NewOrder { id: OrderId::generate(), user_id, payment_method, shipping_address };
    let _turn = app.store.lock_cart(user_id).await;
    retry_conflicts(|| place(&app, new.clone(), &request)).await
}

/// One read and one transaction, unless there is a conflict.
async fn place(app: &AppState, new: NewOrder, request: &IdempotentRequest) -> Result<Response, Error> {
    let user = new.user_id;
    let stored = app.store.cart(user).await?;
    let now = clock::now();
    let mut unpaid = stored.unpaid.clone();
    unpaid.prune(now);
    let decision = match Order::place(new, &stored.cart, &app.rules, now) {
        Ok(decision) => decision,
        // The first execution of this request may have emptied the cart.
        Err(refusal @ PlaceRefusal::EmptyCart) => {
            return app.store.stored_response(request, now).await?.map(stored_response::replay).ok_or(refusal.into());
        }
        Err(refusal) => return Err(refusal.into()),
    };
    if unpaid.is_declined_too_often(now) {
        return Err(Error::TooManyDeclines);
    }
    if unpaid.is_full() {
        forget_settled(app, user, &mut unpaid).await?;
    }
    unpaid.add(&decision.order, &app.rules);
    let response = stored_response::of(StatusCode::ACCEPTED, &decision.order)?;
    let guard = Guard::Request(request, response.clone());
    let cart = CartChange::Replaced { read: stored, cart: Cart::default(), unpaid };
    match app.store.write(&decision, cart, guard, now).await? {
        Commit::Committed => {
            saga::committed(&decision, Cause::Checkout);
            Ok(stored_response::respond(response))
        }
        Commit::Duplicate => {
            app.store.stored_response(request, now).await?.map(stored_response::replay).ok_or(Error::VersionConflict)
        }
        Commit::InFlight => Err(Error::KeyInUse),
    }
}

/// Removes the orders that do not wait any longer. Fails if all of them still do.
async fn forget_settled(app: &AppState, user: UserId, unpaid: &mut Unpaid) -> Result<(), Error> {
    for id in unpaid.orders() {
        let order = app.store.order_of(user, id).await?;
        if order.is_none_or(|order| order.state.deadline().is_none()) {
            unpaid.remove(id);
        }
    }
    if unpaid.is_full() { Err(Error::TooManyUnpaidOrders) } else { Ok(()) }
}
