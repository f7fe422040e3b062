//! `POST /v1/orders`

use axum::{extract::State, http::StatusCode, response::Response};
use backon::Retryable;
use contracts::{
    OrderId, Problem, UserId,
    http::{Customer, IdempotencyKey, Json},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{bodies::OrderBody, stored_response};
use crate::{
    AppState, clock,
    domain::{Order, PaymentMethod, PlaceRefusal, ShippingAddress},
    error::Error,
    saga,
    store::{
        conflict_backoff,
        idempotency::RepeatableRequest,
        transaction::{Commit, Guard},
    },
};

/// How the order is paid, and where it goes. What is in it, and at which prices, is in the cart.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PlaceOrder {
    /// The card processor's token of a payment method. Never card data.
    #[schema(value_type = String, pattern = "^pm_[A-Za-z0-9_]{1,97}$", examples("pm_card_visa"))]
    payment_method: PaymentMethod,
    /// Where it goes.
    shipping_address: ShippingAddress,
}

/// Orders what is in the cart, at the prices that the cart has shown, and empties it.
///
/// The order is accepted, not yet confirmed: stock and money are seen to behind this answer. Nobody pays more than the
/// cart has shown; if something has become dearer by then, the order is rejected.
#[utoipa::path(
    post,
    path = "/v1/orders",
    tag = "orders",
    params(("Idempotency-Key" = String, Header, description = "A new random value for each order; the same for each repetition")),
    request_body = PlaceOrder,
    responses(
        (status = 202, description = "The order", body = OrderBody, headers(
            ("Location" = String, description = "Where the order can be read"),
            ("Idempotent-Replayed" = String, description = "`true` for the answer to an earlier request with the same key"),
        )),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn place_order(
    State(app): State<AppState>,
    Customer(user): Customer,
    key: IdempotencyKey,
    Json(wish): Json<PlaceOrder>,
) -> Result<Response, Error> {
    let request = RepeatableRequest::new(user, "place-order", &key, &wish)?;
    let id = OrderId::generate();
    (|| place(&app, user, id, &wish, &request)).retry(conflict_backoff()).when(Error::is_conflict).await
}

/// One read and one transaction, unless something is in the way.
async fn place(
    app: &AppState,
    user: UserId,
    id: OrderId,
    wish: &PlaceOrder,
    request: &RepeatableRequest,
) -> Result<Response, Error> {
    let PlaceOrder { payment_method, shipping_address } = wish.clone();
    let stored = app.store.cart(user).await?;
    let now = clock::now();
    let placed = Order::place(id, user, &stored.cart, payment_method, shipping_address, &app.rules, now);
    let decision = match placed {
        Ok(decision) => decision,
        // This very request may have emptied the cart, the first time.
        Err(refusal @ PlaceRefusal::EmptyCart) => {
            return app.store.answer_to(request, now).await?.map(stored_response::again).ok_or(refusal.into());
        }
        Err(refusal) => return Err(refusal.into()),
    };
    let answer = stored_response::of(StatusCode::ACCEPTED, &decision.order)?;
    let guard = Guard::Request(request, answer.clone());
    match app.store.place(&decision, user, &stored, guard, now).await? {
        Commit::Done => {
            saga::committed(app, None, &decision);
            Ok(stored_response::first(answer))
        }
        Commit::Repeated => {
            app.store.answer_to(request, now).await?.map(stored_response::again).ok_or(Error::VersionConflict)
        }
        Commit::InFlight => Err(Error::KeyInUse),
    }
}
