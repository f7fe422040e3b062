//! `GET /v1/products/{id}`

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use contracts::{Problem, http::Path};

use super::product_body::ProductBody;
use crate::{AppState, domain::text::ProductRef, error::Error, store::products};

/// One product, by its id or slug.
#[utoipa::path(
    get,
    path = "/v1/products/{id}",
    tag = "catalogue",
    params(
        ("id" = String, Path, description = "The product's id or slug"),
        ("if-none-match" = Option<String>, Header, description = "The ETag of what the client has")
    ),
    responses(
        (status = 200, description = "The product", body = ProductBody, headers(("etag" = String, description = "For If-Match and If-None-Match"))),
        (status = 304, description = "The client has it as it is"),
        (status = 404, description = "There is no such product", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn get_product(
    State(state): State<AppState>,
    Path(product): Path<ProductRef>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let row = products::find(&state.pool, &product).await?.ok_or(Error::NotFound("product"))?;
    let body = ProductBody::from(row);
    let etag = body.etag();
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_known = known.split(',').any(|tag| matches!(tag.trim().trim_start_matches("W/"), tag if tag == etag));
    // Stock changes any moment: caches may keep the product, and ask each time whether it is still so.
    let headers = [(header::ETAG, etag), (header::CACHE_CONTROL, "no-cache".to_owned())];
    Ok(if is_known {
        (StatusCode::NOT_MODIFIED, headers).into_response()
    } else {
        (headers, axum::Json(body)).into_response()
    })
}
