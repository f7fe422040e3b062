//! Pages of products, and numbers of products per category. The statement contains only the conditions of the search,
//! so that each kind of search gets its own plan. Every value is bound.

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use super::{
    categories::CategoryRow,
    products::{ProductRow, product_columns},
};
use crate::domain::search::{Search, Sort};

/// Relevance of a product; a long description lowers it slightly.
const RANK: &str = "ts_rank(p.search, wanted.words, 1)";

/// Product on a page, with all sort keys.
#[derive(Debug, FromRow)]
pub struct Listed {
    #[sqlx(flatten)]
    pub product: ProductRow,
    folded_name: String,
    lowest_price: i64,
    created_at: DateTime<Utc>,
    rank: f32,
}

/// Sort key and id of the last product on a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    key: Key,
    id: Uuid,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Key {
    Rank(f32),
    Name(String),
    Price(i64),
    Age(DateTime<Utc>),
}

impl Listed {
    /// Returns the position of a page that ends with this product.
    pub fn position(&self, sort: Sort) -> Position {
        let key = match sort {
            Sort::Relevance => Key::Rank(self.rank),
            Sort::Name => Key::Name(self.folded_name.clone()),
            Sort::Price | Sort::PriceDescending => Key::Price(self.lowest_price),
            Sort::Newest => Key::Age(self.created_at),
        };
        Position { key, id: self.product.id }
    }
}

impl Position {
    /// True if the key is one of this sort, and a value of PostgreSQL: a client may have changed it.
    pub fn is_of(&self, sort: Sort) -> bool {
        match (&self.key, sort) {
            (Key::Name(name), Sort::Name) => !name.contains('\0'),
            (Key::Age(created_at), Sort::Newest) => created_at.year() > 0,
            (Key::Rank(_), Sort::Relevance) | (Key::Price(_), Sort::Price | Sort::PriceDescending) => true,
            _ => false,
        }
    }
}

/// Returns the column and the direction of a sort.
const fn order(sort: Sort) -> (&'static str, Direction) {
    match sort {
        Sort::Relevance => (RANK, Direction::Descending),
        Sort::Name => ("p.folded_name", Direction::Ascending),
        Sort::Price => ("p.lowest_price", Direction::Ascending),
        Sort::PriceDescending => ("p.lowest_price", Direction::Descending),
        Sort::Newest => ("p.created_at", Direction::Descending),
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Ascending,
    Descending,
}

impl Direction {
    const fn sql(self) -> (&'static str, &'static str) {
        match self {
            Self::Ascending => ("asc", ">"),
            Self::Descending => ("desc", "<"),
        }
    }
}

/// Returns the products after `after`: one more than the limit if there is a next page.
pub async fn page(
    connection: &mut PgConnection,
    search: &Search,
    after: Option<&Position>,
    limit: usize,
) -> Result<Vec<Listed>, sqlx::Error> {
    let (column, direction) = order(search.sort);
    let (direction, comparison) = direction.sql();
    // The inner query selects the products of the page, so that variants are aggregated for these only.
    let mut sql =
        QueryBuilder::new(concat!("select ", product_columns!(), ", p.folded_name, p.lowest_price, p.created_at, "));
    sql.push(if search.sort == Sort::Relevance { "p.sort_key" } else { "0::real" }).push(" as rank from (select p.*, ");
    sql.push(column).push(" as sort_key");
    push_matching(&mut sql, search);
    if let Some(category) = &search.category {
        sql.push(" and p.category = ").push_bind(category.as_str());
    }
    if let Some(Position { key, id }) = after {
        sql.push(" and (").push(column).push(", p.id) ").push(comparison).push(" (");
        match key {
            Key::Rank(rank) => sql.push_bind(*rank),
            Key::Name(name) => sql.push_bind(name.as_str()),
            Key::Price(price) => sql.push_bind(*price),
            Key::Age(created_at) => sql.push_bind(*created_at),
        };
        sql.push(", ").push_bind(*id).push(")");
    }
    sql.push(format_args!(" order by sort_key {direction}, p.id {direction} limit "));
    sql.push_bind(limit as i64 + 1);
    sql.push(format_args!(") as p order by p.sort_key {direction}, p.id {direction}"));
    sql.build_query_as().fetch_all(connection).await
}

/// Returns the number of matching products per category, without the search's own condition on the category.
pub async fn counts(connection: &mut PgConnection, search: &Search) -> Result<Vec<CategoryRow>, sqlx::Error> {
    let mut sql = QueryBuilder::new(
        "select c.slug, c.name, n.products from categories c join (select p.category, count(*) as products",
    );
    push_matching(&mut sql, search);
    sql.push(" group by p.category) as n on n.category = c.slug order by fold(c.name), c.slug");
    sql.build_query_as().fetch_all(connection).await
}

/// Adds the tables and conditions of a search, except its category.
fn push_matching(sql: &mut QueryBuilder<Postgres>, search: &Search) {
    sql.push(" from products p");
    if let Some(text) = &search.text {
        // `offset 0` is an optimization barrier: the query text is parsed once, not once per product.
        sql.push(", (select search_query(").push_bind::<&str>(text.as_ref()).push(") as words offset 0) as wanted");
    }
    sql.push(" where p.for_sale");
    if search.text.is_some() {
        sql.push(" and p.search @@ wanted.words");
    }
    if search.min_price.is_some() || search.max_price.is_some() {
        sql.push(" and exists (select from variants v where v.product_id = p.id");
        if let Some(min) = search.min_price {
            sql.push(" and v.price_minor >= ").push_bind(i64::from(min));
        }
        if let Some(max) = search.max_price {
            sql.push(" and v.price_minor <= ").push_bind(i64::from(max));
        }
        sql.push(")");
    }
    if let Some(in_stock) = search.in_stock {
        sql.push(if in_stock { " and " } else { " and not " });
        sql.push(
            "exists (select from variants v join stock s using (sku) where v.product_id = p.id and s.available > 0)",
        );
    }
}
