//! Cursors of pages, opaque to clients.
//!
//! A cursor contains the query that it belongs to. With another query it is rejected, because the page would start at
//! an arbitrary position.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::ToSchema;

use crate::error::Error;

/// Position of the next page: `next_cursor` of the previous page. Opaque, and valid only with otherwise the same
/// parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(value_type = String, pattern = "^[A-Za-z0-9_-]+$", min_length = 1, max_length = 4096)]
#[serde(try_from = "String")]
pub(super) struct Cursor(String);

impl TryFrom<String> for Cursor {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_base64 = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if is_base64 && (1..=4096).contains(&text.len()) { Ok(Self(text)) } else { Err("is not a cursor") }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content<Q, P> {
    #[serde(rename = "question")]
    query: Q,
    #[serde(rename = "place")]
    position: P,
}

impl Cursor {
    /// Creates the cursor of the page of `query` that starts after `position`.
    pub(super) fn new<Q: Serialize, P: Serialize>(query: Q, position: P) -> Self {
        let json = serde_json::to_vec(&Content { query, position }).expect("a cursor has no map with non-string keys");
        Self(BASE64_URL_SAFE_NO_PAD.encode(json))
    }

    /// Returns the position, if the cursor belongs to `query`.
    pub(super) fn position<Q: DeserializeOwned + PartialEq, P: DeserializeOwned>(&self, query: &Q) -> Result<P, Error> {
        let rejected = |detail| Error::ContradictoryParameter { field: "cursor", detail };
        let json = BASE64_URL_SAFE_NO_PAD.decode(&self.0).map_err(|_| rejected("is not a cursor of this list"))?;
        let content: Content<Q, P> =
            serde_json::from_slice(&json).map_err(|_| rejected("is not a cursor of this list"))?;
        if content.query == *query { Ok(content.position) } else { Err(rejected("belongs to another query")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_belongs_to_its_query() {
        let cursor = Cursor::new("tea", 7);
        assert_eq!(cursor.position::<_, i32>(&"tea".to_owned()).unwrap(), 7);
        for wrong in [cursor.position::<_, i32>(&"coffee".to_owned()), Cursor("e30".to_owned()).position(&7)] {
            assert!(matches!(wrong, Err(Error::ContradictoryParameter { field: "cursor", .. })));
        }
        assert!(Cursor::try_from(cursor.0).is_ok());
    }
}
