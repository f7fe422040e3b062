//! `GET /v1/categories`

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::AppState;
use crate::{
    error::Error,
    store::categories::{self, CategoryRow},
};

/// All categories. There are few: no pages.
#[derive(Debug, Serialize, ToSchema)]
pub struct Categories {
    /// By name.
    items: Vec<CategoryBody>,
}

/// A category, with how many products it has.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Category)]
pub struct CategoryBody {
    /// Its name in addresses and filters.
    slug: String,
    name: String,
    /// How many products: those for sale, or those that a search found.
    products: i64,
}

impl From<CategoryRow> for CategoryBody {
    fn from(CategoryRow { slug, name, products }: CategoryRow) -> Self {
        Self { slug, name, products }
    }
}

/// All categories, with the number of their products that are for sale.
#[utoipa::path(
    get,
    path = "/v1/categories",
    tag = "catalogue",
    responses((status = 200, description = "All categories, by name", body = Categories))
)]
pub async fn list_categories(State(state): State<AppState>) -> Result<Json<Categories>, Error> {
    let rows = categories::all(&state.pool).await?;
    Ok(Json(Categories { items: rows.into_iter().map(CategoryBody::from).collect() }))
}
