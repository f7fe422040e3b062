//! `POST /v1/inventory/{sku}/adjustments`

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use contracts::{
    Problem, Sku,
    http::{IDEMPOTENT_REPLAYED, IdempotencyKey, Json, Path, Staff},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::get_inventory::Inventory;
use crate::{
    AppState, clock,
    domain::{stock::Delta, text::Reason},
    error::Error,
    store::{
        idempotency::{self, Answer, Begin},
        stock::{self, Adjusted},
    },
};

/// A correction of what is available of a SKU.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Adjustment {
    /// How many pieces came (or, negative, went).
    delta: Delta,
    /// Why, for whoever reads the ledger.
    reason: Reason,
}

/// Corrects what is available of a SKU: a delivery came, a piece broke.
#[utoipa::path(
    post,
    path = "/v1/inventory/{sku}/adjustments",
    tag = "inventory",
    security(("access_token" = ["staff"])),
    params(
        ("sku" = Sku, Path, description = "The SKU"),
        ("idempotency-key" = String, Header, description = "A new random value per adjustment, the same when it is repeated")
    ),
    request_body = Adjustment,
    responses(
        (status = 201, description = "It is done; the stock as it was then", body = Inventory,
            headers(("idempotent-replayed" = bool, description = "Present if this is the answer to an earlier request"))),
        (status = 400, description = "The request is not valid", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not of the staff", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such SKU", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "More would go than is there, or the same request is still running", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The idempotency key was used for another request", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn adjust_inventory(
    Staff(user): Staff,
    State(state): State<AppState>,
    Path(sku): Path<Sku>,
    key: IdempotencyKey,
    Json(adjustment): Json<Adjustment>,
) -> Result<Response, Error> {
    let now = clock::now();
    let request = json!({ "adjust": sku, "by": adjustment });
    let mut transaction = state.pool.begin().await?;
    if let Begin::Replay(answer) = idempotency::begin(&mut transaction, user, &key, &request, now).await? {
        return Ok(([(IDEMPOTENT_REPLAYED, "true")], given(answer)).into_response());
    }
    let Adjustment { delta, reason } = adjustment;
    let level = match stock::adjust(&mut transaction, &sku, delta, &reason, user, now).await? {
        Adjusted::Done(level) => level,
        Adjusted::DoesNotFit(available) => return Err(Error::AdjustmentDoesNotFit { available }),
        Adjusted::NoSuchSku => return Err(Error::NotFound("SKU")),
    };
    let answer = Answer { status: StatusCode::CREATED.as_u16(), body: json!(Inventory::new(sku, level)) };
    idempotency::keep(&mut transaction, user, &key, &request, &answer, now).await?;
    transaction.commit().await?;
    Ok(given(answer))
}

fn given(Answer { status, body }: Answer) -> Response {
    (StatusCode::from_u16(status).unwrap_or(StatusCode::OK), axum::Json(body)).into_response()
}
