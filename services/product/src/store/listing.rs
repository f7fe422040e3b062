//! A page of products, and counts per category. The statement is put together from the conditions that a search has,
//! so that each kind of search gets its own plan; every value is bound.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgPool, Postgres, QueryBuilder};
use uuid::Uuid;

use super::{
    categories::CategoryRow,
    products::{ProductRow, product_columns},
};
use crate::domain::search::{Search, Sort};

/// How well a product fits the text. The length of a description counts a little against it.
const RANK: &str = "ts_rank(p.search, wanted.words, 1)";

/// A product of a page, with what the page may be sorted by.
#[derive(Debug, FromRow)]
pub struct Listed {
    /// The product.
    #[sqlx(flatten)]
    pub product: ProductRow,
    folded_name: String,
    lowest_price: i64,
    created_at: DateTime<Utc>,
    rank: f32,
}

/// Where a page ended: the last product's place in the order.
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
    /// Where a page that ends with this product ends.
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

/// What a sort orders by, and which way.
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

/// The products behind `after`, one more than the limit if there are that many.
pub async fn page(
    pool: &PgPool,
    search: &Search,
    after: Option<&Position>,
    limit: usize,
) -> Result<Vec<Listed>, sqlx::Error> {
    let (column, direction) = order(search.sort);
    let (direction, behind) = direction.sql();
    // The products of the page are chosen first, and only then are their variants gathered.
    let mut sql =
        QueryBuilder::new(concat!("select ", product_columns!(), ", p.folded_name, p.lowest_price, p.created_at, "));
    sql.push(if search.sort == Sort::Relevance { "p.place" } else { "0::real" }).push(" as rank from (select p.*, ");
    sql.push(column).push(" as place");
    push_matching(&mut sql, search);
    if let Some(category) = &search.category {
        sql.push(" and p.category = ").push_bind(category.as_str());
    }
    if let Some(Position { key, id }) = after {
        sql.push(" and (").push(column).push(", p.id) ").push(behind).push(" (");
        match key {
            Key::Rank(rank) => sql.push_bind(*rank),
            Key::Name(name) => sql.push_bind(name.as_str()),
            Key::Price(price) => sql.push_bind(*price),
            Key::Age(created_at) => sql.push_bind(*created_at),
        };
        sql.push(", ").push_bind(*id).push(")");
    }
    sql.push(format_args!(" order by place {direction}, p.id {direction} limit "));
    sql.push_bind(limit as i64 + 1);
    sql.push(format_args!(") as p order by p.place {direction}, p.id {direction}"));
    sql.build_query_as().fetch_all(pool).await
}

/// How many products each category has for a search, whatever category the search asks for: so that a shopper sees
/// where else to look.
pub async fn counts(pool: &PgPool, search: &Search) -> Result<Vec<CategoryRow>, sqlx::Error> {
    let mut sql = QueryBuilder::new(
        "select c.slug, c.name, n.products from categories c join (select p.category, count(*) as products",
    );
    push_matching(&mut sql, search);
    sql.push(" group by p.category) as n on n.category = c.slug order by fold(c.name), c.slug");
    sql.build_query_as().fetch_all(pool).await
}

/// Tables and conditions for all of a search but its category.
fn push_matching(sql: &mut QueryBuilder<Postgres>, search: &Search) {
    sql.push(" from products p");
    if let Some(text) = &search.text {
        // `offset 0` has the words worked out once, not once per product.
        sql.push(", (select search_query(").push_bind(text.as_str()).push(") as words offset 0) as wanted");
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
