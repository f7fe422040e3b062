//! `GET /v1/products`

use axum::{Json, extract::State};
use contracts::{
    Problem,
    http::{PageLimit, Query},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{cursor, list_categories::CategoryBody, product_body::ProductBody};
use crate::{
    AppState,
    domain::{
        search::{MinorUnits, Search, Sort},
        text::{SearchText, Slug},
    },
    error::Error,
    store::{categories, listing},
};

/// The parameters. All are optional.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Words to look for in names, descriptions, variants and categories. The beginning of a word will do, and a small
    /// slip in one is forgiven.
    q: Option<SearchText>,
    /// Only products of this category, by its slug.
    category: Option<Slug>,
    /// Only products with a variant that costs at least this, in minor units.
    min_price: Option<MinorUnits>,
    /// Only products with a variant that costs at most this, in minor units.
    max_price: Option<MinorUnits>,
    /// Only products with (`true`) or without (`false`) anything in stock.
    in_stock: Option<bool>,
    /// What comes first; `relevance` where there is a `q`, otherwise `newest`, unless told.
    sort: Option<Sort>,
    /// How many items a page has.
    limit: Option<PageLimit>,
    /// The `next_cursor` of the page before, with otherwise the same parameters.
    cursor: Option<String>,
}

/// A page of products.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProductPage {
    /// The products of this page.
    items: Vec<ProductBody>,
    /// The `cursor` of the next page; none at the end.
    next_cursor: Option<String>,
    /// Counts over all that was found; only on the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    facets: Option<Facets>,
}

/// Where else to look.
#[derive(Debug, Serialize, ToSchema)]
pub struct Facets {
    /// Categories with at least one product that fits all parameters but `category`.
    categories: Vec<CategoryBody>,
}

/// Products that are for sale.
#[utoipa::path(
    get,
    path = "/v1/products",
    tag = "catalogue",
    params(Parameters),
    responses(
        (status = 200, description = "A page of products", body = ProductPage),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn list_products(
    State(state): State<AppState>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<ProductPage>, Error> {
    let (search, limit, cursor) = parameters.into_search()?;
    let after = cursor.map(|cursor| cursor::decode(&search, &cursor)).transpose()?;

    let facets = async {
        match after {
            Some(_) => Ok(None),
            None if search.is_all() => categories::all(&state.pool).await.map(Some),
            None => listing::counts(&state.pool, &search).await.map(Some),
        }
    };
    let mut rows = listing::page(&state.pool, &search, after.as_ref(), limit.get()).await?;
    let facets = facets.await?;

    let has_next = rows.len() > limit.get();
    rows.truncate(limit.get());
    let last = rows.last().filter(|_| has_next);
    let next_cursor = last.map(|last| cursor::encode(&search, last.position(search.sort)));
    Ok(Json(ProductPage {
        items: rows.into_iter().map(|row| ProductBody::from(row.product)).collect(),
        next_cursor,
        facets: facets.map(|rows| {
            let found = rows.into_iter().filter(|row| row.products > 0);
            Facets { categories: found.map(CategoryBody::from).collect() }
        }),
    }))
}

impl Parameters {
    fn into_search(self) -> Result<(Search, PageLimit, Option<String>), Error> {
        let Self { q, category, min_price, max_price, in_stock, sort, limit, cursor } = self;
        let text = q.filter(|text| !text.as_str().is_empty());
        if min_price.zip(max_price).is_some_and(|(min, max)| min > max) {
            return Err(Error::InvalidParameter { field: "max_price", detail: "is below min_price" });
        }
        if text.is_none() && sort == Some(Sort::Relevance) {
            return Err(Error::InvalidParameter { field: "sort", detail: "relevance needs a q" });
        }
        let sort = sort.unwrap_or(if text.is_some() { Sort::Relevance } else { Sort::Newest });
        Ok((Search { text, category, min_price, max_price, in_stock, sort }, limit.unwrap_or_default(), cursor))
    }
}
