//! `GET /v1/categories`

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    AppState,
    domain::text::Slug,
    error::Error,
    store::categories::{self, CategoryRow},
};

/// All categories. They are few: the list has no pages.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Categories {
    /// Categories, sorted by name.
    items: Vec<CategoryBody>,
}

/// Category with a number of products.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Category)]
pub(super) struct CategoryBody {
    /// Name in URLs and filters. It never changes.
    #[schema(value_type = Slug)]
    slug: String,
    name: String,
    /// Number of products for sale; in facets, number of products that match the search.
    #[schema(minimum = 0)]
    products: i64,
}

impl From<CategoryRow> for CategoryBody {
    fn from(CategoryRow { slug, name, products }: CategoryRow) -> Self {
        Self { slug, name, products }
    }
}

/// Lists all categories with their number of products for sale.
#[utoipa::path(
    get,
    path = "/v1/categories",
    tag = "catalogue",
    responses((status = 200, description = "All categories, sorted by name", body = Categories))
)]
pub(super) async fn list_categories(State(app): State<AppState>) -> Result<Json<Categories>, Error> {
    let rows = app.requests.run(async |connection| categories::all(connection).await).await?;
    Ok(Json(Categories { items: rows.into_iter().map(CategoryBody::from).collect() }))
}
