//! `GET /v1/products`

use axum::{Json, extract::State};
use contracts::{
    Problem,
    http::{PageLimit, Query},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{cursor::Cursor, list_categories::CategoryBody, product_body::ProductBody};
use crate::{
    AppState,
    domain::{
        search::{MinorUnits, Search, Sort},
        text::{SearchText, Slug},
    },
    error::Error,
    store::listing,
};

/// Parameters of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListProducts {
    /// Words that names, descriptions, variants or categories must contain. Prefixes and small typos match as well.
    q: Option<SearchText>,
    /// Slug of a category.
    category: Option<Slug>,
    /// Minimum price of a variant, in minor units.
    min_price: Option<MinorUnits>,
    /// Maximum price of a variant, in minor units. Not below `min_price`.
    max_price: Option<MinorUnits>,
    /// Whether a variant must (`true`) or must not (`false`) be in stock.
    in_stock: Option<bool>,
    /// Order of the products. Default: `relevance` with `q`, otherwise `newest`.
    sort: Option<Sort>,
    /// Maximum number of products on the page.
    limit: Option<PageLimit>,
    /// `next_cursor` of the previous page. Opaque, and valid only with otherwise the same parameters.
    cursor: Option<Cursor>,
}

/// Page of products.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProductPage {
    /// Products in the requested order.
    items: Vec<ProductBody>,
    /// Cursor of the next page; null on the last page.
    #[schema(required)]
    next_cursor: Option<Cursor>,
    /// Numbers of matching products; only on the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    facets: Option<Facets>,
}

/// Numbers of matching products. Without `q`, price and `in_stock` they are exact, otherwise 100 means 100 or more.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Facets {
    /// Categories with at least one product that matches all parameters except `category`.
    categories: Vec<CategoryBody>,
}

/// Lists products for sale.
#[utoipa::path(
    get,
    path = "/v1/products",
    tag = "catalogue",
    params(ListProducts),
    responses(
        (status = 200, description = "Page of products", body = ProductPage),
        (status = 422, description = "The parameters contradict each other, or the cursor belongs to other parameters",
            body = Problem, content_type = "application/problem+json")
    )
)]
pub(super) async fn list_products(
    State(app): State<AppState>,
    Query(parameters): Query<ListProducts>,
) -> Result<Json<ProductPage>, Error> {
    let (search, limit, cursor) = parameters.into_search()?;
    let after: Option<listing::Position> = cursor.map(|cursor| cursor.position(&search)).transpose()?;
    if after.as_ref().is_some_and(|position| !position.is_of(search.sort)) {
        return Err(Error::ContradictoryParameter { field: "cursor", detail: "is not a cursor of this list" });
    }

    let read = app.requests.run(async |connection| {
        let rows = listing::page(connection, &search, after.as_ref(), limit).await?;
        let facets = if after.is_none() { Some(listing::facets(connection, &search).await?) } else { None };
        Ok::<_, Error>((rows, facets))
    });
    let (mut rows, facets) = read.await?;
    let has_next = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| has_next);
    let next_cursor = last.map(|last| Cursor::new(&search, last.position(search.sort)));

    let items = rows.into_iter().map(|row| ProductBody::from(row.product)).collect();
    let facets = facets.map(|rows| Facets { categories: rows.into_iter().map(CategoryBody::from).collect() });
    Ok(Json(ProductPage { items, next_cursor, facets }))
}

impl ListProducts {
    /// Returns the search, the maximum number of products and the cursor.
    fn into_search(self) -> Result<(Search, usize, Option<Cursor>), Error> {
        let Self { q, category, min_price, max_price, in_stock, sort, limit, cursor } = self;
        let text = q.filter(|text| !text.as_ref().is_empty());
        if min_price.zip(max_price).is_some_and(|(min, max)| min > max) {
            return Err(Error::ContradictoryParameter { field: "max_price", detail: "is below min_price" });
        }
        if text.is_none() && sort == Some(Sort::Relevance) {
            return Err(Error::ContradictoryParameter { field: "sort", detail: "relevance requires q" });
        }
        let sort = sort.unwrap_or(if text.is_some() { Sort::Relevance } else { Sort::Newest });
        let search = Search { text, category, min_price, max_price, in_stock, sort };
        Ok((search, limit.unwrap_or_default().get(), cursor))
    }
}
