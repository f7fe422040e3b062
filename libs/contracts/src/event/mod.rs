//! Events between services, as CloudEvents 1.0 in JSON.
//!
//! Delivery is at-least-once and unordered. Consumers rely on [`Envelope::sequence`], not on the order of arrival.
//!
//! A message may also be lost, so a publisher repeats a request until it is answered: as a new event with a higher
//! sequence. The consumer answers a repeated request again; a redelivery, which has the same sequence, has no effect.
//!
//! A change of meaning is a new type that ends in `.v2`.
//!
//! Readers are tolerant: unknown fields are ignored, and an unknown value of an enum is read as `Unknown`. Publishers
//! never write `Unknown`, so it is not part of the JSON Schemas.

pub mod order;
pub mod payment;
pub mod product;
pub mod user;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{EventId, TraceContext};

/// An event with its CloudEvents attributes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Envelope<E = Event> {
    /// CloudEvents version: always `1.0`.
    pub specversion: SpecVersion,
    /// Id of the event; the same at every delivery.
    pub id: EventId,
    /// Publisher, as `/shop/<service>`.
    pub source: String,
    /// Id of the aggregate that changed.
    pub subject: String,
    /// Time of the change.
    pub time: DateTime<Utc>,
    /// Media type of `data`: always `application/json`.
    pub datacontenttype: String,
    /// W3C trace context of the request that caused the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// Version of the aggregate after the change, counted from 1, as decimal digits. A string, because a CloudEvents
    /// integer has only 32 bits.
    #[serde(with = "digits")]
    #[schemars(with = "String", regex(pattern = "^[0-9]+$"))]
    pub sequence: u64,
    /// `type` and `data`.
    #[serde(flatten)]
    pub event: E,
}

/// Version of CloudEvents. Messages of other versions are rejected instead of being misread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum SpecVersion {
    /// CloudEvents 1.0.
    #[serde(rename = "1.0")]
    V1,
}

impl Envelope<Event> {
    /// Wraps an event in the current trace. `subject` is the aggregate's id, `sequence` its version after the change.
    pub fn new(id: EventId, subject: impl ToString, sequence: u64, time: DateTime<Utc>, event: Event) -> Self {
        Self {
            specversion: SpecVersion::V1,
            id,
            source: event.source().to_owned(),
            subject: subject.to_string(),
            time,
            datacontenttype: "application/json".to_owned(),
            traceparent: Some(TraceContext::current().to_string()),
            sequence,
            event,
        }
    }

    /// Returns the JSON text that is published.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("all map keys of an envelope are strings")
    }
}

mod digits {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

macro_rules! events {
    ($(#[doc = $doc:literal] $name:ident($payload:ty), $publisher:literal, $type:literal;)*) => {
        /// All events of the shop. Consumers match the ones that they handle.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "type", content = "data")]
        pub enum Event {
            $(#[doc = $doc] #[serde(rename = $type)] $name($payload),)*
        }

        impl Event {
            /// Returns the CloudEvents `type`, also the value of the SNS attribute `type` that subscriptions filter on.
            pub const fn kind(&self) -> &'static str {
                match self { $(Self::$name(_) => $type,)* }
            }

            /// Returns the CloudEvents `source`.
            pub const fn source(&self) -> &'static str {
                match self { $(Self::$name(_) => concat!("/shop/", $publisher),)* }
            }
        }

        /// Returns all event types, for generated documents and for checks of the topology.
        pub fn catalogue() -> Vec<EventKind> {
            vec![$(EventKind {
                kind: $type,
                publisher: $publisher,
                schema: schema_of::<$payload>($type),
                summary: $doc.trim(),
            },)*]
        }
    };
}

/// Description of an event type.
#[derive(Debug)]
pub struct EventKind {
    /// CloudEvents `type`.
    pub kind: &'static str,
    /// Publishing service; its topic is `<publisher>-events`.
    pub publisher: &'static str,
    /// JSON Schema of the envelope with the payload.
    pub schema: schemars::Schema,
    /// Meaning in one sentence.
    pub summary: &'static str,
}

fn schema_of<T: JsonSchema>(kind: &str) -> schemars::Schema {
    let mut schema = schemars::schema_for!(Envelope<Typed<T>>);
    schema.insert("title".to_owned(), kind.into());
    if let Some(property) = schema.pointer_mut("/properties/type") {
        *property = serde_json::json!({ "const": kind });
    }
    schema
}

/// Envelope members of one event type, for its JSON Schema; never instantiated.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Typed<T> {
    /// Event type.
    r#type: String,
    /// Payload.
    data: T,
}

events! {
    /// An account was created.
    UserRegistered(user::UserRegistered), "user", "shop.user.registered.v1";
    /// A registration used the address of an existing account, whose owner is to be notified.
    UserRegistrationRepeated(user::UserRegistrationRepeated), "user", "shop.user.registration_repeated.v1";
    /// An account's contact data changed.
    UserUpdated(user::UserUpdated), "user", "shop.user.updated.v1";
    /// An account was deleted; consumers erase the personal data of its owner.
    UserDeleted(user::UserDeleted), "user", "shop.user.deleted.v1";

    /// A product changed: a full snapshot of its current state.
    ProductChanged(product::ProductChanged), "product", "shop.product.changed.v1";
    /// The stock of an order is reserved, for all lines.
    StockReserved(product::StockReserved), "product", "shop.product.stock_reserved.v1";
    /// No stock of an order is reserved, because at least one line is not available.
    StockRejected(product::StockRejected), "product", "shop.product.stock_rejected.v1";
    /// A reservation is about to expire; requests the order's latest event again.
    ReservationExpiring(product::ReservationExpiring), "product", "shop.product.reservation_expiring.v1";
    /// The sold stock of a cancelled order is available again.
    StockReturned(product::StockReturned), "product", "shop.product.stock_returned.v1";
    /// A reservation expired; requests the order's latest event again, until the end of the order is known.
    ReservationExpired(product::ReservationExpired), "product", "shop.product.reservation_expired.v1";

    /// An order was placed; requests the reservation of its stock.
    OrderPlaced(order::OrderPlaced), "order", "shop.order.placed.v1";
    /// Requests the authorization of an order's total.
    PaymentRequested(order::PaymentRequested), "order", "shop.order.payment_requested.v1";
    /// Requests the void of an authorization, whether or not it exists yet.
    VoidRequested(order::VoidRequested), "order", "shop.order.void_requested.v1";
    /// An order is confirmed: its total is authorized, and its reserved stock is sold.
    OrderConfirmed(order::OrderConfirmed), "order", "shop.order.confirmed.v1";
    /// An order was rejected; stock reserved for it is released.
    OrderRejected(order::OrderRejected), "order", "shop.order.rejected.v1";
    /// An order was cancelled; its stock is released, or returned if it was sold.
    OrderCancelled(order::OrderCancelled), "order", "shop.order.cancelled.v1";

    /// The catalogue projection of order is empty; requests a snapshot of every product.
    CatalogueRequested(order::CatalogueRequested), "order", "shop.order.catalogue_requested.v1";

    /// The card issuer authorized the amount.
    PaymentAuthorized(payment::PaymentAuthorized), "payment", "shop.payment.authorized.v1";
    /// The card issuer declined, or the processor does not accept the amount.
    PaymentDeclined(payment::PaymentDeclined), "payment", "shop.payment.declined.v1";
    /// An authorization was voided, or will never exist.
    PaymentVoided(payment::PaymentVoided), "payment", "shop.payment.voided.v1";
}
