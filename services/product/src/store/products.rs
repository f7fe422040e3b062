//! Products with their variants.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use contracts::{Currency, Money, ProductId, Sku};
use serde::Deserialize;
use sqlx::{FromRow, PgConnection, PgPool, types::Json};
use uuid::Uuid;

use super::{signed, unreadable, unsigned, uuids};
use crate::domain::{
    product::{Product, Variant},
    text::{ProductRef, Slug},
};

/// Columns of a [`ProductRow`], from a table or subquery `p`.
macro_rules! product_columns {
    () => {
        "p.id, p.slug, p.name, p.description, p.category, p.for_sale, p.version, (
            select json_agg(json_build_object(
                'sku', v.sku,
                'name', v.name,
                'price', json_build_object('minor', v.price_minor, 'currency', v.currency),
                'in_stock', p.for_sale and s.available > 0
            ) order by v.position)
            from variants v join stock s using (sku) where v.product_id = p.id
        ) as variants"
    };
}
pub(super) use product_columns;

/// Product with the availability of its variants.
#[derive(Debug, FromRow)]
pub struct ProductRow {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    pub description: String,
    pub category: String,
    pub for_sale: bool,
    pub version: i64,
    pub variants: Json<Vec<VariantRow>>,
}

#[derive(Debug, Deserialize)]
pub struct VariantRow {
    pub sku: Sku,
    pub name: String,
    pub price: Money,
    pub in_stock: bool,
}

impl TryFrom<ProductRow> for Product {
    type Error = sqlx::Error;

    fn try_from(row: ProductRow) -> Result<Self, sqlx::Error> {
        let ProductRow { id, slug, name, description, category, for_sale, version, variants } = row;
        let variant = |VariantRow { sku, name, price, in_stock: _ }| Variant { sku, name, price };
        Ok(Self {
            id: ProductId::from(id),
            slug: Slug::try_from(slug).map_err(|error| unreadable("slug", error))?,
            name,
            description,
            category: Slug::try_from(category).map_err(|error| unreadable("category", error))?,
            for_sale,
            version: unsigned(version),
            variants: variants.0.into_iter().map(variant).collect(),
        })
    }
}

/// Returns a product.
pub async fn find(connection: &mut PgConnection, product: &ProductRef) -> Result<Option<ProductRow>, sqlx::Error> {
    match product {
        ProductRef::Id(id) => {
            let sql = concat!("select ", product_columns!(), " from products p where p.id = $1");
            sqlx::query_as(sql).bind(id.as_uuid()).fetch_optional(connection).await
        }
        ProductRef::Slug(slug) => {
            let sql = concat!("select ", product_columns!(), " from products p where p.slug = $1");
            sqlx::query_as(sql).bind(slug.as_str()).fetch_optional(connection).await
        }
    }
}

/// Returns up to `limit` products in the order of their ids, after `id`.
pub async fn after(connection: &mut PgConnection, id: Uuid, limit: usize) -> Result<Vec<Product>, sqlx::Error> {
    let sql = concat!("select ", product_columns!(), " from products p where p.id > $1 order by p.id limit $2");
    let rows: Vec<ProductRow> = sqlx::query_as(sql).bind(id).bind(limit as i64).fetch_all(connection).await?;
    rows.into_iter().map(Product::try_from).collect()
}

/// Locks and returns a product.
pub async fn lock(connection: &mut PgConnection, product: &ProductRef) -> Result<Option<Product>, sqlx::Error> {
    // Two statements: one that waits for the lock would return the variants from before the wait.
    let (sql, key) = match product {
        ProductRef::Id(id) => ("select id from products where id = $1::uuid for update", id.as_uuid().to_string()),
        ProductRef::Slug(slug) => ("select id from products where slug = $1 for update", slug.to_string()),
    };
    let id: Option<Uuid> = sqlx::query_scalar(sql).bind(key).fetch_optional(&mut *connection).await?;
    let Some(id) = id else { return Ok(None) };
    let sql = concat!("select ", product_columns!(), " from products p where p.id = $1");
    let row: ProductRow = sqlx::query_as(sql).bind(id).fetch_one(connection).await?;
    row.try_into().map(Some)
}

/// Locks and returns the existing products with these slugs, by slug.
pub async fn lock_all(connection: &mut PgConnection, slugs: &[&str]) -> Result<HashMap<Slug, Product>, sqlx::Error> {
    let ids: Vec<Uuid> = sqlx::query_scalar("select id from products where slug = any($1) order by id for update")
        .bind(slugs)
        .fetch_all(&mut *connection)
        .await?;
    let sql = concat!("select ", product_columns!(), " from products p where p.id = any($1)");
    let rows: Vec<ProductRow> = sqlx::query_as(sql).bind(ids).fetch_all(connection).await?;
    let product = |row| Product::try_from(row).map(|product| (product.slug.clone(), product));
    rows.into_iter().map(product).collect()
}

/// Returns the slug of the product that owns each of the SKUs, by SKU. New SKUs are not in it.
pub async fn owners(connection: &mut PgConnection, skus: &[&str]) -> Result<HashMap<String, String>, sqlx::Error> {
    let sql = "select v.sku, p.slug from variants v join products p on p.id = v.product_id where v.sku = any($1)";
    let rows: Vec<(String, String)> = sqlx::query_as(sql).bind(skus).fetch_all(connection).await?;
    Ok(rows.into_iter().collect())
}

/// Returns the currency of the catalogue. Sets it to `currency` if there is none yet.
pub async fn currency(connection: &mut PgConnection, currency: Currency) -> Result<Currency, sqlx::Error> {
    sqlx::query("insert into catalogue_currency (code) values ($1) on conflict do nothing")
        .bind(currency.code())
        .execute(&mut *connection)
        .await?;
    let code: String = sqlx::query_scalar("select code from catalogue_currency").fetch_one(connection).await?;
    Currency::from_code(&code).ok_or_else(|| unreadable("code", format!("unknown currency: {code}")))
}

/// Updates the planner's statistics after an import. Autovacuum would do so later.
pub async fn analyze(pool: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query("analyze products, variants, stock, availability, listings, search_postings, search_words, categories")
        .execute(pool)
        .await
        .map(drop)
}

/// Writes new and changed products with their variants, and adds their words to the vocabulary of the search.
pub async fn save(connection: &mut PgConnection, products: &[&Product], now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let ids: Vec<_> = products.iter().map(|product| product.id).collect();
    save_products(&mut *connection, products, now).await?;
    save_variants(&mut *connection, products).await?;
    add_search_words(connection, &ids).await
}

async fn save_products(
    connection: &mut PgConnection,
    products: &[&Product],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    fn each<'a, T>(products: &[&'a Product], field: impl Fn(&'a Product) -> T) -> Vec<T> {
        products.iter().map(|product| field(product)).collect()
    }
    let variant_names =
        |product: &Product| product.variants.iter().map(|variant| variant.name.as_str()).collect::<Vec<_>>().join(" ");
    sqlx::query(
        "insert into products (id, slug, category, name, description, for_sale, version, lowest_price, variant_names,
             created_at)
         select *, $10 from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[],
             $7::bigint[], $8::bigint[], $9::text[])
         on conflict (id) do update set
             category = excluded.category, name = excluded.name, description = excluded.description,
             for_sale = excluded.for_sale, version = excluded.version, lowest_price = excluded.lowest_price,
             variant_names = excluded.variant_names",
    )
    .bind(each(products, |product| product.id.as_uuid()))
    .bind(each(products, |product| product.slug.as_str()))
    .bind(each(products, |product| product.category.as_str()))
    .bind(each(products, |product| product.name.as_str()))
    .bind(each(products, |product| product.description.as_str()))
    .bind(each(products, |product| product.for_sale))
    .bind(each(products, |product| signed(product.version)))
    .bind(each(products, Product::lowest_price))
    .bind(each(products, variant_names))
    .bind(now)
    .execute(connection)
    .await
    .map(drop)
}

async fn save_variants(connection: &mut PgConnection, products: &[&Product]) -> Result<(), sqlx::Error> {
    let variants: Vec<_> = products
        .iter()
        .flat_map(|product| (0_i32..).zip(&product.variants).map(|(position, variant)| (product.id, position, variant)))
        .collect();
    sqlx::query(
        "insert into variants (sku, product_id, position, name, price_minor, currency)
         select * from unnest($1::text[], $2::uuid[], $3::integer[], $4::text[], $5::bigint[], $6::text[])
         on conflict (sku) do update set
             position = excluded.position, name = excluded.name, price_minor = excluded.price_minor,
             currency = excluded.currency",
    )
    .bind(variants.iter().map(|(.., variant)| variant.sku.as_str()).collect::<Vec<_>>())
    .bind(variants.iter().map(|(id, ..)| id.as_uuid()).collect::<Vec<_>>())
    .bind(variants.iter().map(|(_, position, _)| *position).collect::<Vec<_>>())
    .bind(variants.iter().map(|(.., variant)| variant.name.as_str()).collect::<Vec<_>>())
    .bind(variants.iter().map(|(.., variant)| variant.price.minor).collect::<Vec<_>>())
    .bind(variants.iter().map(|(.., variant)| variant.price.currency.code()).collect::<Vec<_>>())
    .execute(connection)
    .await
    .map(drop)
}

/// Words are never removed: a word without a product only finds nothing. Numbers and stop words such as "of" are not
/// added: they are not corrections of a misspelled word.
async fn add_search_words(connection: &mut PgConnection, products: &[ProductId]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into search_words (word, trigrams)
         select word, trigrams(word) from (
             select distinct
                 string_to_table(fold(concat_ws(' ', name, category, variant_names, description)), ' ') as word
             from products where id = any($1)
         ) as words
         where length(word) >= 3 and word ~ '[^0-9]' and to_tsvector('english', word) <> ''
         on conflict do nothing",
    )
    .bind(uuids(products))
    .execute(connection)
    .await
    .map(drop)
}
