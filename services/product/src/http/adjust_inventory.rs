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
        idempotency::{self, Claim, StoredResponse},
        stock::{self, Adjusted},
    },
};

/// Correction of the available stock of a SKU.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Adjustment {
    delta: Delta,
    reason: Reason,
}

/// Corrects the available stock of a SKU, for example after a delivery or a loss.
#[utoipa::path(
    post,
    path = "/v1/inventory/{sku}/adjustments",
    tag = "inventory",
    security(("access_token" = ["staff"])),
    params(
        ("sku" = Sku, Path, description = "SKU of a variant"),
        ("idempotency-key" = String, Header, pattern = "^[!-~]{1,255}$",
            description = "New random value for each adjustment; the same value for a retry")
    ),
    request_body = Adjustment,
    responses(
        (status = 201, description = "Stock after the adjustment", body = Inventory,
            headers(("idempotent-replayed" = bool, description = "Present if the response was stored earlier"))),
        (status = 404, description = "The SKU does not exist",
            body = Problem, content_type = "application/problem+json"),
        (status = 409,
            description = "The available stock would be negative or too large, or the key is in use",
            body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The idempotency key was used for a different request",
            body = Problem, content_type = "application/problem+json")
    )
)]
pub(super) async fn adjust_inventory(
    Staff(user): Staff,
    State(app): State<AppState>,
    Path(sku): Path<Sku>,
    key: IdempotencyKey,
    Json(adjustment): Json<Adjustment>,
) -> Result<Response, Error> {
    let now = clock::now();
    let request = json!({ "adjust": sku, "by": adjustment });
    let adjust = app.requests.transaction(async |connection| {
        if let Claim::Completed(stored) = idempotency::claim(connection, user, &key, &request, now).await? {
            return Ok(([(IDEMPOTENT_REPLAYED, "true")], response(stored)).into_response());
        }
        let Adjustment { delta, reason } = adjustment;
        let level = match stock::adjust(connection, &sku, delta, &reason, user, now).await? {
            Adjusted::Done(level) => level,
            Adjusted::OutOfRange(available) => return Err(Error::AdjustmentOutOfRange { available }),
            Adjusted::UnknownSku => return Err(Error::NotFound("SKU")),
        };
        let stored =
            StoredResponse { status: StatusCode::CREATED.as_u16(), body: json!(Inventory::new(sku.clone(), level)) };
        idempotency::save(connection, user, &key, &request, &stored, now).await?;
        Ok(response(stored).into_response())
    });
    adjust.await
}

fn response(StoredResponse { status, body }: StoredResponse) -> Response {
    (StatusCode::from_u16(status).unwrap_or(StatusCode::OK), axum::Json(body)).into_response()
}
