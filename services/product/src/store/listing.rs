//! Pages of products, and numbers of products per category.
//!
//! Every statement reads a bounded number of rows in the order of an index. Each kind of list has a statement of its
//! own, which contains only its conditions, so that one plan fits all values: it is kept
//! ([`super::Use::Requests`]). Every value is bound.

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use super::{
    categories::{self, CategoryRow},
    products::{ProductRow, product_columns},
};
use crate::domain::search::{Search, Sort};

/// Number of products in a price range up to which they are sorted. Of more, the products in the order of the list are
/// compared with the range: enough of them are in it.
const SORTED: i64 = 1_000;

/// Number up to which the products of a category are counted.
const COUNTED: i64 = 100;

/// Ranks of searches are stored in millionths.
const RANK_UNIT: f64 = 1_000_000.0;

/// Product on a page, with all sort keys.
#[derive(Debug, FromRow)]
pub struct Listed {
    /// The product.
    #[sqlx(flatten)]
    pub product: ProductRow,
    folded_name: String,
    created_at: DateTime<Utc>,
    /// Price or rank.
    number: i64,
    /// Number of the products that a price range contains.
    total: i64,
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
    Rank(f64),
    Name(String),
    Price(i64),
    Age(DateTime<Utc>),
}

impl Listed {
    /// Returns the position of a page that ends with this product.
    pub fn position(&self, sort: Sort) -> Position {
        let key = match sort {
            Sort::Relevance => Key::Rank(self.number as f64 / RANK_UNIT),
            Sort::Name => Key::Name(self.folded_name.clone()),
            Sort::Price | Sort::PriceDescending => Key::Price(self.number),
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

/// Column and direction of a sort. Prices are those of the rows in the price range.
#[derive(Clone, Copy)]
struct Order {
    column: &'static str,
    direction: &'static str,
    comparison: &'static str,
}

impl Order {
    const fn of(sort: Sort) -> Self {
        let (column, ascending) = match sort {
            Sort::Relevance => ("f.rank", false),
            Sort::Name => ("l.folded_name", true),
            Sort::Price => ("l.price", true),
            Sort::PriceDescending => ("l.price", false),
            Sort::Newest => ("l.created_at", false),
        };
        let (direction, comparison) = if ascending { ("asc", ">") } else { ("desc", "<") };
        Self { column, direction, comparison }
    }
}

/// Returns the products after `after`: one more than the limit if there is a next page.
pub async fn page(
    connection: &mut PgConnection,
    search: &Search,
    after: Option<&Position>,
    limit: usize,
) -> Result<Vec<Listed>, sqlx::Error> {
    let limit = limit as i64 + 1;
    if search.text.is_some() {
        return found(search, after, limit).build_query_as().fetch_all(connection).await;
    }
    if search.has_price_range() && !matches!(search.sort, Sort::Price | Sort::PriceDescending) {
        let rows: Vec<Listed> = sorted(search, after, limit).build_query_as().fetch_all(&mut *connection).await?;
        if rows.first().is_none_or(|row| row.total <= SORTED) {
            return Ok(rows);
        }
    }
    walked(search, after, limit).build_query_as().fetch_all(connection).await
}

/// Reads an index in the order of the list.
fn walked(search: &Search, after: Option<&Position>, limit: i64) -> QueryBuilder<Postgres> {
    let order = Order::of(search.sort);
    let by_price = order.column == "l.price";
    select_products(order, |sql| {
        sql.push("select * from (");
        push_halves(sql, search.in_stock, |sql, in_stock| {
            sql.push("select l.sort_id as product_id, l.price as number, 0::bigint as total, ").push(order.column);
            sql.push(" as sort_key from listings l where ").push(in_stock);
            push_category(sql, search);
            push_range(sql, search, by_price);
            if let Some(after) = after {
                push_after(sql, after, order, order.column, "l.sort_id");
            }
            push_order(sql, order, order.column, "l.sort_id", limit);
        });
        sql.push(") as l");
        push_order(sql, order, "sort_key", "product_id", limit);
    })
}

/// Reads up to [`SORTED`] products of a price range, and sorts them.
fn sorted(search: &Search, after: Option<&Position>, limit: i64) -> QueryBuilder<Postgres> {
    let order = Order::of(search.sort);
    select_products(order, |sql| {
        sql.push("select * from (select l.product_id, 0::bigint as number, count(*) over () as total, ");
        sql.push(order.column).push(" as sort_key from (");
        push_halves(sql, search.in_stock, |sql, in_stock| {
            sql.push("select l.sort_id as product_id, l.folded_name, l.created_at from listings l where ")
                .push(in_stock);
            push_category(sql, search);
            push_range(sql, search, true);
            push_order(sql, Order::of(Sort::Price), "l.price", "l.sort_id", SORTED + 1);
        });
        sql.push(") as l) as l where true");
        if let Some(after) = after {
            push_after(sql, after, order, "sort_key", "product_id");
        }
        push_order(sql, order, "sort_key", "product_id", limit);
    })
}

/// Sorts the products that a text search finds, which are few.
fn found(search: &Search, after: Option<&Position>, limit: i64) -> QueryBuilder<Postgres> {
    let order = Order::of(search.sort);
    select_products(order, |sql| {
        let number = if search.sort == Sort::Relevance { "f.rank" } else { "l.price" };
        sql.push("select f.product_id, ").push(number).push("::bigint as number, 0::bigint as total, ");
        sql.push(order.column).push(" as sort_key");
        push_found(sql, search, search.sort != Sort::Relevance);
        if let Some(category) = &search.category {
            sql.push(" and f.category = ").push_bind(category.to_string());
        }
        if let Some(after) = after {
            push_after(sql, after, order, order.column, "f.product_id");
        }
        push_order(sql, order, "sort_key", "product_id", limit);
    })
}

/// Returns the categories with matching products, without the search's own condition on the category. Their numbers are
/// exact if there is no other condition, and otherwise counted up to [`COUNTED`].
pub async fn facets(connection: &mut PgConnection, search: &Search) -> Result<Vec<CategoryRow>, sqlx::Error> {
    let mut rows =
        if search.is_all() { categories::all(connection).await? } else { counts(connection, search).await? };
    rows.retain(|category| category.products > 0);
    Ok(rows)
}

async fn counts(connection: &mut PgConnection, search: &Search) -> Result<Vec<CategoryRow>, sqlx::Error> {
    let mut sql = QueryBuilder::new("select c.slug, c.name, n.products from categories c ");
    if search.text.is_some() {
        sql.push("join (select f.category as slug, least(count(*), ").push(COUNTED).push(") as products");
        push_found(&mut sql, search, false);
        sql.push(" group by f.category) as n using (slug)");
    } else {
        sql.push("cross join lateral (select count(*) as products from (select from (");
        push_halves(&mut sql, search.in_stock, |sql, in_stock| {
            sql.push("select from listings l where l.category = c.slug and ").push(in_stock);
            push_range(sql, search, true);
            sql.push(" limit ").push(COUNTED);
        });
        sql.push(") as l limit ").push(COUNTED).push(") as l) as n where n.products > 0");
    }
    sql.push(" order by c.folded_name, c.slug");
    sql.build_query_as().fetch_all(connection).await
}

/// Creates a statement that returns the products of the rows that `push_page` selects, in the same order.
fn select_products(order: Order, push_page: impl FnOnce(&mut QueryBuilder<Postgres>)) -> QueryBuilder<Postgres> {
    let mut sql = QueryBuilder::new("select p.*, l.number, l.total from (");
    push_page(&mut sql);
    // `offset 0` keeps the subquery: the products are read by their ids, however many rows the planner expects.
    sql.push(concat!(
        ") as l cross join lateral (select ",
        product_columns!(),
        ", p.folded_name, p.created_at from products p where p.id = l.product_id offset 0) as p order by l.sort_key "
    ));
    sql.push(order.direction).push(", l.product_id ").push(order.direction);
    sql
}

/// Adds a subquery for the products in stock, one for the others, or both. Each reads its half of an index.
fn push_halves(
    sql: &mut QueryBuilder<Postgres>,
    in_stock: Option<bool>,
    push: impl Fn(&mut QueryBuilder<Postgres>, &'static str),
) {
    sql.push("(");
    if in_stock != Some(false) {
        push(sql, "l.in_stock");
    }
    if in_stock.is_none() {
        sql.push(") union all (");
    }
    if in_stock != Some(true) {
        push(sql, "not l.in_stock");
    }
    sql.push(")");
}

/// Adds the condition of the indexes of one category, or of those of all.
fn push_category(sql: &mut QueryBuilder<Postgres>, search: &Search) {
    match &search.category {
        Some(category) => sql.push(" and l.category = ").push_bind(category.to_string()),
        None => sql.push(" and l.whole_catalogue"),
    };
}

/// Adds the condition that a row is the first one of its product in the price range. As a `case`, it is not a condition
/// on an index: the planner would prefer a range of prices that it expects to be short to the order of the list.
fn push_range(sql: &mut QueryBuilder<Postgres>, search: &Search, indexed: bool) {
    let (min, max) = search.price_range();
    sql.push(if indexed { " and l.price between " } else { " and case when l.price between " });
    sql.push_bind(min).push(" and ").push_bind(max);
    sql.push(if indexed { " and " } else { " then " });
    sql.push("l.lower_price < ").push_bind(min);
    if !indexed {
        sql.push(" end");
    }
}

/// Adds the products that a text search finds, as `f`, and their rows in the price range, as `l`.
fn push_found(sql: &mut QueryBuilder<Postgres>, search: &Search, with_listings: bool) {
    let text = search.text.as_ref().map(AsRef::<str>::as_ref).unwrap_or_default();
    sql.push(" from search_products(").push_bind(text.to_owned()).push(") as f");
    if with_listings || search.has_price_range() || search.in_stock.is_some() {
        sql.push(" cross join lateral (select * from listings l where l.product_id = f.product_id");
        push_range(sql, search, true);
        if let Some(in_stock) = search.in_stock {
            sql.push(if in_stock { " and l.in_stock" } else { " and not l.in_stock" });
        }
        sql.push(" offset 0) as l");
    }
    sql.push(" where true");
}

fn push_after(sql: &mut QueryBuilder<Postgres>, after: &Position, order: Order, column: &str, id: &str) {
    sql.push(format_args!(" and ({column}, {id}) {} (", order.comparison));
    match &after.key {
        Key::Rank(rank) => sql.push_bind((rank * RANK_UNIT).round() as i32),
        Key::Name(name) => sql.push_bind(name.clone()),
        Key::Price(price) => sql.push_bind(*price),
        Key::Age(created_at) => sql.push_bind(*created_at),
    };
    sql.push(", ").push_bind(after.id).push(")");
}

fn push_order(sql: &mut QueryBuilder<Postgres>, order: Order, column: &str, id: &str, limit: i64) {
    sql.push(format_args!(" order by {column} {0}, {id} {0} limit ", order.direction)).push_bind(limit);
}
