//! Events: what services tell each other, as CloudEvents 1.0 in JSON.
//!
//! Delivery is at-least-once and in any order. A consumer records [`Envelope::id`] with the effect, and trusts
//! [`Envelope::sequence`], not the order of arrival. A change of meaning is a new type that ends in `.v2`.

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
    /// Always `1.0`.
    pub specversion: SpecVersion,
    /// Names this event; the same at every delivery.
    pub id: EventId,
    /// The service that published it, as `/shop/<service>`.
    pub source: String,
    /// The id of the aggregate that changed.
    pub subject: String,
    /// When the change was committed.
    pub time: DateTime<Utc>,
    /// Always `application/json`.
    pub datacontenttype: String,
    /// W3C trace context of the request that caused the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The aggregate's version after the change, counted from 1, as decimal digits.
    /// A text, because a CloudEvents integer has only 32 bits.
    #[serde(with = "digits")]
    #[schemars(with = "String", regex(pattern = "^[0-9]+$"))]
    pub sequence: u64,
    /// `type` and `data`.
    #[serde(flatten)]
    pub event: E,
}

/// The version of CloudEvents. A message of another version is refused rather than misread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum SpecVersion {
    /// CloudEvents 1.0.
    #[serde(rename = "1.0")]
    V1,
}

impl Envelope<Event> {
    /// Wraps an event of this moment, in the current trace.
    ///
    /// `subject` is the aggregate's id and `sequence` its version after the change.
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

    /// The JSON text that travels.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("an envelope has no map with keys that are not texts")
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
        /// Every event of the shop. A consumer matches the ones it handles.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "type", content = "data")]
        pub enum Event {
            $(#[doc = $doc] #[serde(rename = $type)] $name($payload),)*
        }

        impl Event {
            /// The CloudEvents `type`, which is also the value of the SNS attribute `type` that filters look at.
            pub const fn kind(&self) -> &'static str {
                match self { $(Self::$name(_) => $type,)* }
            }

            /// The CloudEvents `source`.
            pub const fn source(&self) -> &'static str {
                match self { $(Self::$name(_) => concat!("/shop/", $publisher),)* }
            }
        }

        /// The catalogue of event types, for generated documents and for checks of the topology.
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

/// What the catalogue says about one event type.
#[derive(Debug)]
pub struct EventKind {
    /// The CloudEvents `type`.
    pub kind: &'static str,
    /// The service that publishes it; its topic is `<publisher>-events`.
    pub publisher: &'static str,
    /// JSON Schema of the whole envelope.
    pub schema: schemars::Schema,
    /// One sentence.
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

/// The shape of an envelope of one known type, for its JSON Schema; never made.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Typed<T> {
    /// The event's type.
    r#type: String,
    /// The event's payload.
    data: T,
}

events! {
    /// Somebody opened an account.
    UserRegistered(user::UserRegistered), "user", "shop.user.registered.v1";
    /// Somebody tried to open an account with an address that has one; its owner should hear of it.
    UserRegistrationRepeated(user::UserRegistrationRepeated), "user", "shop.user.registration_repeated.v1";
    /// An account's contact data changed.
    UserUpdated(user::UserUpdated), "user", "shop.user.updated.v1";
    /// An account was deleted; whoever keeps personal data of it erases them.
    UserDeleted(user::UserDeleted), "user", "shop.user.deleted.v1";

    /// A product as it is now: a full snapshot at every change.
    ProductChanged(product::ProductChanged), "product", "shop.product.changed.v1";
    /// All of an order's stock is set aside.
    StockReserved(product::StockReserved), "product", "shop.product.stock_reserved.v1";
    /// Nothing of an order's stock is set aside, because not all of it was there.
    StockRejected(product::StockRejected), "product", "shop.product.stock_rejected.v1";
    /// A reservation that was neither confirmed nor released in time is undone.
    ReservationExpired(product::ReservationExpired), "product", "shop.product.reservation_expired.v1";

    /// An order was accepted; its stock is to be reserved.
    OrderPlaced(order::OrderPlaced), "order", "shop.order.placed.v1";
    /// An order's total is to be authorised.
    PaymentRequested(order::PaymentRequested), "order", "shop.order.payment_requested.v1";
    /// An authorisation is no longer wanted, whether or not it exists yet.
    VoidRequested(order::VoidRequested), "order", "shop.order.void_requested.v1";
    /// An order is authorised; its reserved stock is sold.
    OrderConfirmed(order::OrderConfirmed), "order", "shop.order.confirmed.v1";
    /// An order could not be accepted; stock that is reserved for it is released.
    OrderRejected(order::OrderRejected), "order", "shop.order.rejected.v1";
    /// An order was given up; its stock is released, or returned where it was sold.
    OrderCancelled(order::OrderCancelled), "order", "shop.order.cancelled.v1";

    /// The card's issuer set the amount aside.
    PaymentAuthorized(payment::PaymentAuthorized), "payment", "shop.payment.authorized.v1";
    /// The card's issuer refused, or the processor takes no such amount.
    PaymentDeclined(payment::PaymentDeclined), "payment", "shop.payment.declined.v1";
    /// An authorisation is undone, or will never be made.
    PaymentVoided(payment::PaymentVoided), "payment", "shop.payment.voided.v1";
}
