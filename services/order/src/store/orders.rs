//! Orders: one item each, with plain attributes, so that an operator can read them.

use aws_sdk_dynamodb::types::{AttributeValue, Put};
use chrono::{DateTime, SecondsFormat, Utc};
use contracts::{Money, OrderId, UserId, event::order::OrderLine};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Item, Store, key};
use crate::{
    domain::{Order, ShippingAddress, Status, Transition},
    error::Error,
};

/// Version of the schema of order items. Increased with a field or value that must survive a change by an older
/// version, which then leaves the order alone.
const SCHEMA: u32 = 1;

/// Number of partitions of the index `by_deadline`: a single one would receive every write of a busy shop.
pub(crate) const DEADLINE_SHARDS: u8 = 4;

/// An order has the attributes of the index `by_deadline` only until it is settled: the index contains only orders that
/// the sweep may have to process.
#[derive(Serialize, Deserialize)]
pub(super) struct OrderItem {
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

/// An order, as far as this version can read it.
#[derive(Debug)]
pub(crate) enum StoredOrder {
    /// An order of this version or an older one.
    Known(Order),
    /// An order with a state or a schema that only a newer version knows. It is shown, and not changed.
    Newer(NewerOrder),
}

/// Readable attributes of an order of a newer version.
#[derive(Debug)]
pub(crate) struct NewerOrder {
    pub(crate) id: OrderId,
    pub(crate) lines: Option<Vec<OrderLine>>,
    pub(crate) total: Option<Money>,
    pub(crate) shipping_address: Option<ShippingAddress>,
    pub(crate) placed_at: Option<DateTime<Utc>>,
    pub(crate) updated_at: Option<DateTime<Utc>>,
    pub(crate) history: Vec<Transition>,
}

impl StoredOrder {
    /// Returns the id.
    pub(crate) fn id(&self) -> OrderId {
        match self {
            Self::Known(order) => order.id,
            Self::Newer(order) => order.id,
        }
    }

    fn known(self) -> Result<Order, Error> {
        match self {
            Self::Known(order) => Ok(order),
            Self::Newer(order) => Err(Error::NewerOrder(order.id)),
        }
    }
}

/// Page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// True if there is a next page.
    pub(crate) has_more: bool,
}

/// Entry of the index `by_deadline`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PendingOrder {
    pub(crate) id: OrderId,
    /// Value of [`Order::due_at`].
    pub(crate) due_at: DateTime<Utc>,
    /// Status: a transient one, or another one while something is owed. `None` in keys of an older version.
    pub(crate) status: Option<Status>,
}

/// Page of the index `by_deadline`.
#[derive(Debug)]
pub(crate) struct PendingOrders {
    /// Entries by due time.
    pub(crate) orders: Vec<PendingOrder>,
    /// Start key of the next page; `None` on the last one.
    pub(crate) next: Option<Item>,
}

impl Store {
    /// Returns the order `id` of any owner: for the saga, never for a customer's request. [`Error::NewerOrder`] if this
    /// version must not change it.
    pub async fn order(&self, id: OrderId) -> Result<Option<Order>, Error> {
        let query = self.client.query().table_name(&self.table).consistent_read(true);
        let output = query
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(pk(id)))
            .send()
            .await?;
        output.items.unwrap_or_default().into_iter().next().map(read).transpose()?.map(StoredOrder::known).transpose()
    }

    /// Returns the order `id` of `owner` for a change. [`Error::NewerOrder`] if this version must not change it.
    pub(crate) async fn order_of(&self, owner: UserId, id: OrderId) -> Result<Option<Order>, Error> {
        self.stored_order_of(owner, id).await?.map(StoredOrder::known).transpose()
    }

    /// Returns the order `id` of `owner`. The owner is part of the key: another user's order cannot be read by mistake.
    pub(crate) async fn stored_order_of(&self, owner: UserId, id: OrderId) -> Result<Option<StoredOrder>, Error> {
        self.get_item(key(pk(id), sk(owner))).await?.map(read).transpose()
    }

    /// Returns orders of `owner` after the order `after`, newest first, from an index that is milliseconds behind.
    pub(crate) async fn orders_of(
        &self,
        owner: UserId,
        after: Option<OrderId>,
        limit: usize,
    ) -> Result<Page<StoredOrder>, Error> {
        let query = self.client.query().table_name(&self.table).index_name("by_user").scan_index_forward(false);
        // Ids start with the time of their creation, and every id sorts before `~`.
        let before = after.map_or_else(|| "ORDER#~".to_owned(), pk);
        let output = query
            .key_condition_expression("user_pk = :user AND user_sk < :before")
            .expression_attribute_values(":user", AttributeValue::S(user_pk(owner)))
            .expression_attribute_values(":before", AttributeValue::S(before))
            .limit(i32::try_from(limit + 1).unwrap_or(i32::MAX))
            .send()
            .await?;
        let is_truncated = output.last_evaluated_key.is_some();
        let mut items = output.items.unwrap_or_default().into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let has_more = is_truncated || items.len() > limit;
        items.truncate(limit);
        Ok(Page { items, has_more })
    }

    /// Returns orders of one shard of `by_deadline` that are due before `until`. A page has thousands of entries, which
    /// is the whole shard in normal operation.
    pub(crate) async fn pending_orders(
        &self,
        shard: u8,
        until: DateTime<Utc>,
        from: Option<Item>,
    ) -> Result<PendingOrders, Error> {
        let query = self.client.query().table_name(&self.table).index_name("by_deadline").set_exclusive_start_key(from);
        let output = query
            .key_condition_expression("deadline_pk = :shard AND deadline_sk < :until")
            .expression_attribute_values(":shard", AttributeValue::S(deadline_pk(shard)))
            .expression_attribute_values(":until", AttributeValue::S(timestamp(until)))
            .send()
            .await?;
        let orders = output.items.unwrap_or_default().iter().filter_map(pending_order).collect();
        Ok(PendingOrders { orders, next: output.last_evaluated_key })
    }

    /// Writes `order` as part of a transaction, which fails unless the table has the version before it.
    pub(super) fn put_order(&self, order: &Order) -> Result<Put, Error> {
        let item = serde_dynamo::to_item(OrderItem::new(order.clone()))?;
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        let put = match order.version - 1 {
            0 => put.condition_expression("attribute_not_exists(pk)"),
            before => put
                .condition_expression("#version = :before")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":before", AttributeValue::N(before.to_string())),
        };
        Ok(put.build()?)
    }
}

/// Fails only if the item is no order of any version.
fn read(item: Item) -> Result<StoredOrder, Error> {
    let error = match serde_dynamo::from_item::<_, OrderItem>(item.clone()) {
        Ok(OrderItem { schema, order, .. }) if schema <= SCHEMA => return Ok(StoredOrder::Known(order.upgraded())),
        Ok(OrderItem { schema, .. }) => format!("schema {schema}"),
        Err(error) => error.to_string(),
    };
    let id = attribute(&item, "id")?;
    tracing::warn!(order_id = %id, error, "order of a newer version");
    Ok(StoredOrder::Newer(NewerOrder {
        id,
        lines: attribute(&item, "lines").ok(),
        total: attribute(&item, "total").ok(),
        shipping_address: attribute(&item, "shipping_address").ok(),
        placed_at: attribute(&item, "placed_at").ok(),
        updated_at: attribute(&item, "updated_at").ok(),
        history: attribute(&item, "history").unwrap_or_default(),
    }))
}

fn attribute<T: DeserializeOwned>(item: &Item, name: &str) -> Result<T, serde_dynamo::Error> {
    serde_dynamo::from_attribute_value(item.get(name).cloned().unwrap_or(AttributeValue::Null(true)))
}

fn pending_order(keys: &Item) -> Option<PendingOrder> {
    let text = |name| keys.get(name)?.as_s().ok();
    let id = text("pk")?.strip_prefix("ORDER#")?.parse().ok()?;
    let deadline = text("deadline_sk")?;
    let (due_at, status) = deadline.split_once('#').unwrap_or((deadline, ""));
    let due_at = DateTime::parse_from_rfc3339(due_at).ok()?.to_utc();
    Some(PendingOrder { id, due_at, status: Status::parse(status) })
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

/// All times have the same length, so that strings sort like times. The status is part of the key because the index
/// projects only keys.
fn deadline_sk(due_at: DateTime<Utc>, status: Status) -> String {
    format!("{}#{}", timestamp(due_at), status.as_str())
}

fn timestamp(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}
