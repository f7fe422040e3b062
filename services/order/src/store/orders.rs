//! Orders: one item each, in plain attributes, so that an operator can read them.

use aws_sdk_dynamodb::types::{AttributeValue, Put};
use chrono::{DateTime, SecondsFormat, Utc};
use contracts::{OrderId, UserId};
use serde::{Deserialize, Serialize};

use super::{Item, Store, key};
use crate::{
    domain::{Order, Status},
    error::Error,
};

/// The schema of order items. Readers of a later one must still read this one.
const SCHEMA: u32 = 1;

/// How many partitions of `by_deadline` share the orders that wait: one alone would take every write of a busy shop.
pub const DEADLINE_SHARDS: u8 = 4;

/// The attributes of the index `by_deadline` are there only while the order has to be looked after: the index holds
/// nothing but what the sweep has to look at.
#[derive(Serialize, Deserialize)]
struct OrderItem {
    pk: String,
    sk: String,
    schema: u32,
    user_pk: String,
    user_sk: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deadline_pk: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deadline_sk: Option<String>,
    #[serde(flatten)]
    order: Order,
}

impl OrderItem {
    fn new(order: Order) -> Self {
        let due_at = order.due_at();
        Self {
            pk: pk(order.id),
            sk: sk(order.user_id),
            schema: SCHEMA,
            user_pk: user_pk(order.user_id),
            user_sk: pk(order.id),
            deadline_pk: due_at.map(|_| deadline_pk(order.id.as_uuid().as_bytes()[15] % DEADLINE_SHARDS)),
            deadline_sk: due_at.map(|due_at| deadline_sk(due_at, order.state.status())),
            order,
        }
    }
}

/// A part of a list, with whether there is more behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The part.
    pub items: Vec<T>,
    /// True if the list goes on.
    pub more: bool,
}

/// What the index `by_deadline` knows of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitingOrder {
    /// The order.
    pub id: OrderId,
    /// When somebody has to look after it at the latest.
    pub due_at: DateTime<Utc>,
    /// Where it is in its life: in a passing state, or at rest while payment still has to undo an attempt. None in keys
    /// of an older version.
    pub status: Option<Status>,
}

/// A part of the index `by_deadline`, with where to read on.
#[derive(Debug)]
pub struct Waiting {
    /// The orders, those that are due first in front.
    pub orders: Vec<WaitingOrder>,
    /// Where the next part begins; none at the end.
    pub next: Option<Item>,
}

impl Store {
    /// The order `id`, whoever owns it: for the saga, never for a customer's request.
    pub async fn order(&self, id: OrderId) -> Result<Option<Order>, Error> {
        let query = self.client.query().table_name(&self.table).consistent_read(true);
        let answer = query
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(pk(id)))
            .send()
            .await?;
        answer.items.unwrap_or_default().into_iter().next().map(read).transpose()
    }

    /// The order `id` if `owner` owns it. The owner is part of the key: another's order cannot be read by mistake.
    pub async fn order_of(&self, owner: UserId, id: OrderId) -> Result<Option<Order>, Error> {
        let item: Option<OrderItem> = self.get(key(pk(id), sk(owner))).await?;
        Ok(item.map(|item| item.order))
    }

    /// Orders of `owner`, newest first, from the one behind `after` on. An index answers, milliseconds behind.
    pub async fn orders_of(&self, owner: UserId, after: Option<OrderId>, limit: usize) -> Result<Page<Order>, Error> {
        let query = self.client.query().table_name(&self.table).index_name("by_user").scan_index_forward(false);
        // Ids begin with their time of making, and nothing sorts behind `~`.
        let before = after.map_or_else(|| "ORDER#~".to_owned(), pk);
        let answer = query
            .key_condition_expression("user_pk = :user AND user_sk < :before")
            .expression_attribute_values(":user", AttributeValue::S(user_pk(owner)))
            .expression_attribute_values(":before", AttributeValue::S(before))
            .limit(i32::try_from(limit + 1).unwrap_or(i32::MAX))
            .send()
            .await?;
        let cut_short = answer.last_evaluated_key.is_some();
        let mut items = answer.items.unwrap_or_default().into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let more = cut_short || items.len() > limit;
        items.truncate(limit);
        Ok(Page { items, more })
    }

    /// Orders of one shard of `by_deadline`, whether they are due or not: a page is thousands of them, and so the whole
    /// shard, unless something is very wrong.
    pub async fn waiting(&self, shard: u8, from: Option<Item>) -> Result<Waiting, Error> {
        let query = self.client.query().table_name(&self.table).index_name("by_deadline").set_exclusive_start_key(from);
        let answer = query
            .key_condition_expression("deadline_pk = :shard")
            .expression_attribute_values(":shard", AttributeValue::S(deadline_pk(shard)))
            .send()
            .await?;
        let orders = answer.items.unwrap_or_default().iter().filter_map(waiting_order).collect();
        Ok(Waiting { orders, next: answer.last_evaluated_key })
    }

    /// Puts `order` as part of a transaction, which fails unless the version before it is the one in the table.
    pub(super) fn put_of(&self, order: &Order) -> Result<Put, Error> {
        let item = serde_dynamo::to_item(OrderItem::new(order.clone()))?;
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        let put = match order.version - 1 {
            0 => put.condition_expression("attribute_not_exists(pk)"),
            before => put
                .condition_expression("#version = :before")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":before", AttributeValue::N(before.to_string())),
        };
        put.build().map_err(|error| Error::Store(error.into()))
    }
}

fn read(item: Item) -> Result<Order, Error> {
    Ok(serde_dynamo::from_item::<_, OrderItem>(item)?.order)
}

fn waiting_order(keys: &Item) -> Option<WaitingOrder> {
    let text = |name| keys.get(name)?.as_s().ok();
    let id = text("pk")?.strip_prefix("ORDER#")?.parse().ok()?;
    let deadline = text("deadline_sk")?;
    let (due_at, status) = deadline.split_once('#').unwrap_or((deadline, ""));
    let due_at = DateTime::parse_from_rfc3339(due_at).ok()?.to_utc();
    Some(WaitingOrder { id, due_at, status: Status::parse(status) })
}

fn pk(order: OrderId) -> String {
    format!("ORDER#{order}")
}

fn sk(owner: UserId) -> String {
    format!("OWNER#{owner}")
}

fn user_pk(owner: UserId) -> String {
    format!("USER#{owner}")
}

fn deadline_pk(shard: u8) -> String {
    format!("DUE#{shard}")
}

/// Times are of one length, so that texts sort as times do. The status is in the key, because nothing but keys is in
/// the index.
fn deadline_sk(due_at: DateTime<Utc>, status: Status) -> String {
    format!("{}#{}", due_at.to_rfc3339_opts(SecondsFormat::Millis, true), status.as_str())
}
