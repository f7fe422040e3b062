//! Rows and blocks that lists read of a large catalogue, by PostgreSQL's own counters.
//!
//! Plans alone would not show them: `explain` does not look into functions, and plans values that the service binds
//! later. The statements run on a connection like those of requests, with plans that do not depend on values.

use product::{
    domain::search::Search,
    store::{self, Use, listing},
};
use serde_json::{Value, json};
use sqlx::{Connection, FromRow, PgConnection, PgPool};

use super::support::Environment;

const PRODUCTS: i32 = 10_000;

/// Tables that grow with the catalogue.
const LARGE: &str =
    "('products'::regclass), ('variants'), ('stock'), ('availability'), ('listings'), ('search_postings')";

/// Rows that a list may read, as entries of indexes: those of the page, of the counts of each category, and of a price
/// range.
const MOST_ROWS: i64 = 9_000;

/// Blocks of tables and indexes that a list may read, from memory. An entry of an index whose row was written lately
/// costs one more.
const MOST_BLOCKS: i64 = 12_000;

/// Counters of the large tables and their indexes.
#[derive(Debug, Clone, Copy, FromRow)]
struct Reads {
    scans_of_tables: i64,
    rows: i64,
    blocks: i64,
}

impl Reads {
    async fn until_now(connection: &mut PgConnection) -> Self {
        let sql = format!(
            "with large (id) as (values {LARGE}), indexes as (
                 select indexrelid as id from pg_index join large on large.id = indrelid
             )
             select
                 (select sum(pg_stat_get_xact_numscans(id)) from large)::bigint as scans_of_tables,
                 (select sum(pg_stat_get_xact_tuples_returned(id)) from (table large union table indexes) as of_all)
                     ::bigint as rows,
                 (select sum(pg_stat_get_xact_blocks_fetched(id)) from (table large union table indexes) as of_all)
                     ::bigint as blocks"
        );
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_one(connection).await.unwrap()
    }

    fn since(self, before: Self) -> Self {
        Self {
            scans_of_tables: self.scans_of_tables - before.scans_of_tables,
            rows: self.rows - before.rows,
            blocks: self.blocks - before.blocks,
        }
    }
}

/// Writes products of ten categories, with three variants each, in one transaction as an import does. Every tenth
/// product is sold out. Prices do not depend on age.
async fn fill(pool: &PgPool) {
    let mut transaction = pool.begin().await.unwrap();
    for statement in [
        "insert into catalogue_currency (code) values ('EUR')",
        "insert into categories (slug, name, products) select 'c' || n, 'Category ' || n, $1 / 10
         from generate_series(0, 9) as n",
        "insert into products (id, slug, category, name, description, for_sale, version, lowest_price, variant_names,
             created_at)
         select md5(n::text)::uuid, 'p' || n, 'c' || n % 10, 'Product of kind' || n % 30 || ' and make' || n % 70,
             'Tea', true, 1, 100 + n * 7919 % 10000, '', timestamptz '2026-01-01' + n * interval '1 minute'
         from generate_series(1, $1) as n",
        "insert into variants (sku, product_id, position, name, price_minor, currency)
         select 'S' || n || '-' || v, md5(n::text)::uuid, v, '', 100 + n * 7919 % 10000 + 50 * v, 'EUR'
         from generate_series(1, $1) as n, generate_series(0, 2) as v",
        "insert into stock (sku, available)
         select 'S' || n || '-' || v, case when n % 10 = 3 then 0 else 5 end
         from generate_series(1, $1) as n, generate_series(0, 2) as v",
    ] {
        let query = sqlx::query(statement);
        let query = if statement.contains("$1") { query.bind(PRODUCTS) } else { query };
        query.execute(&mut *transaction).await.unwrap();
    }
    transaction.commit().await.unwrap();
    sqlx::query("vacuum analyze").execute(pool).await.unwrap();
}

/// Every combination of filters and sorts.
fn searches() -> Vec<Search> {
    let texts = [Value::Null, json!("tea"), json!("kind3 make3"), json!("prodcut")];
    // All, few in the middle, many, none.
    let prices = [(None, None), (Some(1_000), Some(1_100)), (Some(5_000), Some(9_000)), (Some(99_999), None)];
    let mut searches = Vec::new();
    for text in &texts {
        for category in [None, Some("c3")] {
            for (min_price, max_price) in prices {
                for in_stock in [None, Some(true), Some(false)] {
                    for sort in ["relevance", "name", "price", "-price", "newest"] {
                        if text.is_null() && sort == "relevance" {
                            continue;
                        }
                        let search = json!({
                            "text": text, "category": category, "min_price": min_price, "max_price": max_price,
                            "in_stock": in_stock, "sort": sort
                        });
                        searches.push(serde_json::from_value(search).unwrap());
                    }
                }
            }
        }
    }
    searches
}

#[tokio::test]
async fn every_list_of_a_large_catalogue_reads_a_bounded_number_of_rows_by_an_index() {
    let environment = Environment::new().await;
    let url = &environment.config.database.url;
    fill(&store::connect(url, Use::Operate).unwrap()).await;
    let requests = store::connect(url, Use::Requests).unwrap();
    let mut connection = requests.acquire().await.unwrap();
    let mut transaction = connection.begin().await.unwrap();

    // The counters see a scan of a table.
    let before = Reads::until_now(&mut transaction).await;
    sqlx::query("select count(version) from products").execute(&mut *transaction).await.unwrap();
    let scan = Reads::until_now(&mut transaction).await.since(before);
    assert!(scan.scans_of_tables > 0 && scan.rows >= PRODUCTS.into(), "{scan:?}");

    let (mut most_rows, mut most_blocks) = (0, 0);
    for search in searches() {
        // The first page with its counts, and the second page.
        let before = Reads::until_now(&mut transaction).await;
        let page = listing::page(&mut transaction, &search, None, 20).await.unwrap();
        listing::facets(&mut transaction, &search).await.unwrap();
        let first = Reads::until_now(&mut transaction).await;
        let mut second = first;
        if let Some(last) = page.get(19) {
            listing::page(&mut transaction, &search, Some(&last.position(search.sort)), 20).await.unwrap();
            second = Reads::until_now(&mut transaction).await;
        }
        for reads in [first.since(before), second.since(first)] {
            assert_eq!(reads.scans_of_tables, 0, "{search:?}: {reads:?}");
            assert!(reads.rows <= MOST_ROWS && reads.blocks <= MOST_BLOCKS, "{search:?}: {reads:?}");
            most_rows = most_rows.max(reads.rows);
            most_blocks = most_blocks.max(reads.blocks);
        }
    }
    println!("at most {most_rows} rows and {most_blocks} blocks");
}
