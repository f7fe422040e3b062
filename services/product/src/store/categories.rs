//! Categories, with how many products of each are for sale.

use std::collections::BTreeMap;

use sqlx::{FromRow, PgConnection, PgPool};

use crate::domain::{catalogue::Category, text::Slug};

/// A category and a number of products.
#[derive(Debug, FromRow)]
pub struct CategoryRow {
    /// Its name in addresses.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// How many products.
    pub products: i64,
}

/// All categories by name, with all their products that are for sale.
pub async fn all(pool: &PgPool) -> Result<Vec<CategoryRow>, sqlx::Error> {
    sqlx::query_as("select slug, name, products::bigint from categories order by fold(name), slug")
        .fetch_all(pool)
        .await
}

/// Writes new and renamed categories; says how many that were.
pub async fn save(connection: &mut PgConnection, categories: &[Category]) -> Result<u64, sqlx::Error> {
    let result = sqlx::query(
        "insert into categories (slug, name) select * from unnest($1::text[], $2::text[])
         on conflict (slug) do update set name = excluded.name where categories.name <> excluded.name",
    )
    .bind(categories.iter().map(|category| category.slug.as_str()).collect::<Vec<_>>())
    .bind(categories.iter().map(|category| category.name.as_str()).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(result.rows_affected())
}

/// Counts products that came on or off sale, in the transaction that does it.
pub async fn count(connection: &mut PgConnection, listed: &BTreeMap<Slug, i32>) -> Result<(), sqlx::Error> {
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
