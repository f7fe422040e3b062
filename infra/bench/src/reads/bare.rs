//! A bare handler of axum and sqlx, with the statements of product and nothing else: no layers, no checks.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Result;
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::get,
};
use product::{
    domain::search::Search,
    store::{self, Use, listing},
};
use serde::Serialize;
use serde_json::Value;
use sqlx::{Connection, PgConnection, PgPool};
use tokio::net::TcpListener;

#[derive(Clone)]
struct App {
    pool: PgPool,
    searches: Arc<Vec<Search>>,
}

#[derive(Serialize)]
struct Page {
    items: Vec<Product>,
    facets: Vec<(String, String, i64)>,
}

#[derive(Serialize)]
struct Product {
    id: String,
    slug: String,
    name: String,
    description: String,
    category: String,
    for_sale: bool,
    version: i64,
    variants: Vec<Variant>,
}

#[derive(Serialize)]
struct Variant {
    sku: contracts::Sku,
    name: String,
    price: contracts::Money,
    in_stock: bool,
}

/// Serves the first page of each kind of read, by its number.
pub async fn serve(listen_addr: SocketAddr, database_url: String) -> Result<()> {
    let searches: Result<Vec<Search>, _> =
        super::kinds().into_iter().map(|(.., search): (_, _, Value)| serde_json::from_value(search)).collect();
    let app = App { pool: store::connect(&database_url.into(), Use::Requests)?, searches: Arc::new(searches?) };
    let router = Router::new().route("/{number}", get(page)).with_state(app);
    Ok(axum::serve(TcpListener::bind(listen_addr).await?, router).await?)
}

async fn page(State(app): State<App>, Path(number): Path<usize>) -> Result<Json<Page>, StatusCode> {
    let search = app.searches.get(number).ok_or(StatusCode::NOT_FOUND)?;
    read(&app.pool, search).await.map(Json).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

async fn read(pool: &PgPool, search: &Search) -> Result<Page, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let rows = listing::page(&mut connection, search, None, 20).await?;
    let facets = listing::facets(&mut connection, search).await?;
    let facets = facets.into_iter().map(|category| (category.slug, category.name, category.products)).collect();
    let product = |row: listing::Listed| {
        let row = row.product;
        let variants = row.variants.0.into_iter();
        Product {
            id: row.id.to_string(),
            slug: row.slug,
            name: row.name,
            description: row.description,
            category: row.category,
            for_sale: row.for_sale,
            version: row.version,
            variants: variants
                .map(|v| Variant { sku: v.sku, name: v.name, price: v.price, in_stock: v.in_stock })
                .collect(),
        }
    };
    Ok(Page { items: rows.into_iter().take(20).map(product).collect(), facets })
}

/// Sells out every tenth product, and lets PostgreSQL do what it does after an import in the background.
pub async fn sell_out(database_url: &str) -> Result<()> {
    let mut connection = PgConnection::connect(database_url).await?;
    let sold_out = "update stock set available = 0, sold = available where hashtext(split_part(sku, '-', 2)) % 10 = 0";
    sqlx::query(sold_out).execute(&mut connection).await?;
    sqlx::query("vacuum analyze").execute(&mut connection).await?;
    Ok(connection.close().await?)
}
