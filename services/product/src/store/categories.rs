//! Categories, each with its number of products for sale.

use std::collections::BTreeMap;

use sqlx::{FromRow, PgConnection};

use crate::domain::{catalogue::Category, text::Slug};

/// Category with a number of products.
#[derive(Debug, FromRow)]
pub struct CategoryRow {
    pub slug: String,
    pub name: String,
    pub products: i64,
}

/// Returns all categories, sorted by name, with their number of products for sale.
pub async fn all(connection: &mut PgConnection) -> Result<Vec<CategoryRow>, sqlx::Error> {
    sqlx::query_as("select slug, name, products::bigint from categories order by folded_name, slug")
        .fetch_all(connection)
        .await
}

/// Writes new and renamed categories. Returns their number.
pub async fn save(connection: &mut PgConnection, categories: &[Category]) -> Result<u64, sqlx::Error> {
    let result = sqlx::query(
        "insert into categories (slug, name) select * from unnest($1::text[], $2::text[])
         on conflict (slug) do update set name = excluded.name where categories.name <> excluded.name",
    )
    .bind(categories.iter().map(|category| category.slug.as_str()).collect::<Vec<_>>())
    .bind(categories.iter().map(|category| category.name.as_ref()).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(result.rows_affected())
}

/// Adds to the numbers of products for sale, in the transaction that lists or delists the products.
pub async fn add_listed(connection: &mut PgConnection, listed: &BTreeMap<Slug, i32>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update categories c set products = c.products + listed.change
         from unnest($1::text[], $2::integer[]) as listed (slug, change) where c.slug = listed.slug",
    )
    .bind(listed.keys().map(Slug::as_str).collect::<Vec<_>>())
    .bind(listed.values().copied().collect::<Vec<_>>())
    .execute(connection)
    .await
    .map(drop)
}
