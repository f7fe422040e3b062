//! `PATCH /v1/products/{id}`

use std::collections::BTreeMap;

use axum::{
    extract::{FromRequestParts, State},
    http::{HeaderName, header, request::Parts},
    response::{IntoResponse, Response},
};
use contracts::{
    Envelope, EventId, Problem, ProblemType,
    http::{Admin, Json, Path},
};

use super::product_body::{ProductBody, ProductETag, version_of};
use crate::{
    AppState, clock,
    domain::{product::ProductPatch, text::ProductRef},
    error::Error,
    store::{categories, outbox, products},
};

/// Version that a change applies to, from the header `If-Match`.
#[derive(Debug, Clone, Copy)]
pub(super) struct IfMatch(u64);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        const NAME: HeaderName = header::IF_MATCH;
        let value = parts.headers.get(NAME).ok_or(Error::PreconditionRequired)?;
        let version = value.to_str().ok().and_then(|etag| version_of(etag.trim()));
        version.map(Self).ok_or_else(|| {
            Problem::new(ProblemType::InvalidRequest).with_error(NAME.as_str(), "must be the ETag of a product")
        })
    }
}

/// Changes a product. Omitted fields keep their value.
#[utoipa::path(
    patch,
    path = "/v1/products/{id}",
    tag = "catalogue",
    security(("access_token" = ["admin"])),
    params(
        ("id" = ProductRef, Path, description = "Id or slug of the product"),
        ("if-match" = ProductETag, Header, description = "ETag of the product that was read")
    ),
    request_body = ProductPatch,
    responses(
        (status = 200, description = "Product after the change", body = ProductBody,
            headers(("etag" = ProductETag, description = "Value for `If-Match` and `If-None-Match`"))),
        (status = 404, description = "The product does not exist",
            body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "The product has changed since it was read",
            body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The product has no such SKU, or a price is not in the currency of the catalogue",
            body = Problem, content_type = "application/problem+json"),
        (status = 428, description = "`If-Match` is missing", body = Problem, content_type = "application/problem+json")
    )
)]
pub(super) async fn update_product(
    _: Admin,
    State(app): State<AppState>,
    Path(product): Path<ProductRef>,
    IfMatch(version): IfMatch,
    Json(patch): Json<ProductPatch>,
) -> Result<Response, Error> {
    let now = clock::now();
    let update = app.requests.transaction(async |connection| {
        let before = products::lock(connection, &product).await?.ok_or(Error::NotFound("product"))?;
        if before.version != version {
            return Err(Error::PreconditionFailed);
        }
        let after = before.patched(patch)?;
        if after.version != before.version {
            products::save(connection, &[&after], now).await?;
            let listed = i32::from(after.for_sale) - i32::from(before.for_sale);
            if listed != 0 {
                categories::add_listed(connection, &BTreeMap::from([(after.category.clone(), listed)])).await?;
            }
            let event = Envelope::new(EventId::generate(), after.id, after.version, now, after.snapshot());
            outbox::add(connection, &[event]).await?;
        }
        Ok(after.version != before.version)
    });
    if update.await? {
        app.notifier.notify();
    }
    let row = app.requests.run(async |connection| products::find(connection, &product).await).await?;
    let row = row.ok_or(Error::NotFound("product"))?;
    let body = ProductBody::from(row);
    Ok(([(header::ETAG, body.etag())], axum::Json(body)).into_response())
}
