//! `GET /v1/products/{id}`

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use contracts::{Problem, http::Path};

use super::product_body::{ProductBody, ProductETag};
use crate::{AppState, domain::text::ProductRef, error::Error, store::products};

/// Returns a product by its id or slug, whether or not it is for sale.
#[utoipa::path(
    get,
    path = "/v1/products/{id}",
    tag = "catalogue",
    params(
        ("id" = ProductRef, Path, description = "Id or slug of the product"),
        ("if-none-match" = Option<String>, Header, description = "Known ETags of the product, separated by commas")
    ),
    responses(
        (status = 200, description = "Product", body = ProductBody,
            headers(("etag" = ProductETag, description = "Value for `If-Match` and `If-None-Match`"))),
        (status = 304, description = "The product has not changed: its ETag is in `If-None-Match`",
            headers(("etag" = ProductETag, description = "Value for `If-Match` and `If-None-Match`"))),
        (status = 404, description = "The product does not exist",
            body = Problem, content_type = "application/problem+json")
    )
)]
pub(super) async fn get_product(
    State(app): State<AppState>,
    Path(product): Path<ProductRef>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let row = app
        .requests
        .run(async |connection| products::find(connection, &product).await)
        .await?
        .ok_or(Error::NotFound("product"))?;
    let body = ProductBody::from(row);
    let etag = body.etag();
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_known = known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag);
    // Stock changes at any time: caches may store the product, but must revalidate it.
    let headers = [(header::ETAG, etag), (header::CACHE_CONTROL, "no-cache".to_owned())];
    Ok(if is_known {
        (StatusCode::NOT_MODIFIED, headers).into_response()
    } else {
        (headers, axum::Json(body)).into_response()
    })
}
