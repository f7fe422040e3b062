//! Identifiers: one type each, so that an order's id cannot be passed where a user's is expected.
//!
//! The text form is a prefix and a UUIDv7 in lower-case hexadecimal without hyphens: it shows the kind of object, sorts
//! by time, and a double click selects all of it.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The text is not a valid identifier or SKU. The message may be shown to clients.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct InvalidId {
    expected: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Uuid);

        impl $name {
            /// Prefix of the text form.
            pub const PREFIX: &'static str = $prefix;

            /// Generates a new identifier from the current time. Not for `domain/`, which gets identifiers passed in.
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }

            /// Returns the identifier without its prefix, for stores with a UUID type.
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let uuid = text.strip_prefix($prefix).and_then(parse_simple_uuid);
                uuid.map(Self).ok_or(InvalidId {
                    expected: concat!("an id of the form ", $prefix, "<32 lower-case hexadecimal digits>"),
                })
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": concat!("^", $prefix, "[0-9a-f]{32}$") })
            }
        }

        #[cfg(feature = "axum")]
        crate::http::text_schema!($name, concat!("^", $prefix, "[0-9a-f]{32}$"));
    )*};
}

ids! {
    /// An account. Issued by user.
    UserId, "usr_";
    /// A product of the catalogue, with one or more SKUs. Issued by product.
    ProductId, "prd_";
    /// An order. Issued by order.
    OrderId, "ord_";
    /// One attempt to pay an order, with one payment method. Issued by order, so that a void can name the attempt
    /// before payment has received it.
    PaymentId, "pay_";
    /// Stock reserved for one order. Issued by product.
    ReservationId, "rsv_";
    /// One event. Consumers use it to ignore repeated deliveries.
    EventId, "evt_";
}

/// Accepts only the canonical text. Other spellings that `Uuid` accepts (hyphens, upper case) would be one id here, and
/// two different keys in a store.
fn parse_simple_uuid(text: &str) -> Option<Uuid> {
    let canonical = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    canonical.then(|| Uuid::try_parse(text).ok()).flatten()
}

/// A stock keeping unit: the unit that is counted, priced and sold. 1 to 40 characters of `A-Z`, `0-9` and `-`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sku(String);

impl Sku {
    /// Maximum length, in characters.
    pub const MAX_LENGTH: usize = 40;

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Sku {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        let valid = (1..=Self::MAX_LENGTH).contains(&text.len())
            && text.bytes().all(|b| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'-'));
        if valid { Ok(Self(text)) } else { Err(InvalidId { expected: "a SKU: 1 to 40 characters of A-Z, 0-9 and -" }) }
    }
}

impl FromStr for Sku {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.to_owned().try_into()
    }
}

impl From<Sku> for String {
    fn from(sku: Sku) -> Self {
        sku.0
    }
}

impl fmt::Display for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for Sku {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Sku".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[A-Z0-9-]{1,40}$" })
    }
}

#[cfg(feature = "axum")]
crate::http::text_schema!(Sku, "^[A-Z0-9-]{1,40}$");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_round_trips_through_its_text(bits: u128) {
            let id = OrderId::from(Uuid::from_u128(bits));
            prop_assert_eq!(id.to_string().parse::<OrderId>(), Ok(id));
        }

        #[test]
        fn only_the_canonical_text_is_an_id(text in "ord_[0-9a-fA-F-]{30,38}") {
            if let Ok(id) = text.parse::<OrderId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }

        #[test]
        fn a_sku_is_valid_exactly_if_it_matches_the_pattern(text in ".{0,45}") {
            let valid = !text.is_empty() && text.len() <= 40
                && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-');
            prop_assert_eq!(text.parse::<Sku>().is_ok(), valid);
        }
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let user = UserId::generate().to_string();
        assert!(user.parse::<OrderId>().is_err());
    }
}
