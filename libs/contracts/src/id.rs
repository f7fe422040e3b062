//! Identifiers: each its own type, so that an order's id can never be passed where a user's is meant.
//!
//! The text form is a prefix and a UUIDv7 in lower-case hexadecimal without hyphens: it says what it names,
//! sorts by time, and a double click selects all of it.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a text is not the identifier or SKU that was expected. The message is fit for a client.
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
            /// What the text form begins with.
            pub const PREFIX: &'static str = $prefix;

            /// A new identifier of this moment. Not for `domain/`: there, identifiers come in from outside.
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }

            /// The identifier without its prefix, as stores with a UUID type keep it.
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
    /// An account. Made by user.
    UserId, "usr_";
    /// A product of the catalogue, with one or more SKUs. Made by product.
    ProductId, "prd_";
    /// An order. Made by order.
    OrderId, "ord_";
    /// One attempt to have an order paid, with one payment method. Made by order, so that a void can name
    /// the attempt before payment has heard of it.
    PaymentId, "pay_";
    /// Stock set aside for one order. Made by product.
    ReservationId, "rsv_";
    /// One event. A consumer that has seen it ignores a second delivery.
    EventId, "evt_";
}

/// One canonical text per id: other spellings that `Uuid` would accept (hyphens, upper case) would make two
/// texts equal that a store compares as different.
fn parse_simple_uuid(text: &str) -> Option<Uuid> {
    let canonical = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    canonical.then(|| Uuid::try_parse(text).ok()).flatten()
}

/// A stock keeping unit: what is counted, priced and sold. 1 to 40 of `A-Z`, `0-9`, `-`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sku(String);

impl Sku {
    /// The longest SKU, in characters.
    pub const MAX_LENGTH: usize = 40;

    /// The SKU as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Sku {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        let valid = (1..=Self::MAX_LENGTH).contains(&text.len())
            && text.bytes().all(|b| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'-'));
        if valid { Ok(Self(text)) } else { Err(InvalidId { expected: "a SKU: 1 to 40 of A-Z, 0-9 and -" }) }
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
        fn an_id_survives_its_text(bits: u128) {
            let id = OrderId::from(Uuid::from_u128(bits));
            prop_assert_eq!(id.to_string().parse::<OrderId>(), Ok(id));
        }

        #[test]
        fn no_text_but_the_canonical_one_is_an_id(text in "ord_[0-9a-fA-F-]{30,38}") {
            if let Ok(id) = text.parse::<OrderId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }

        #[test]
        fn a_sku_is_exactly_what_its_pattern_says(text in ".{0,45}") {
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
