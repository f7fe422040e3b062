//! Cursors: where a page ended, for the client an opaque text.
//!
//! A cursor holds the question it belongs to. With another question it is refused, rather than answered with a page
//! that begins somewhere by accident.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::error::Error;

/// A question, and the place where its last page ended.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor<Q, P> {
    question: Q,
    place: P,
}

/// The cursor for the page behind `place`.
pub fn encode<Q: Serialize, P: Serialize>(question: Q, place: P) -> String {
    let json =
        serde_json::to_vec(&Cursor { question, place }).expect("a cursor has no map with keys that are not texts");
    BASE64_URL_SAFE_NO_PAD.encode(json)
}

/// The place that `cursor` names, if it belongs to `question`.
pub fn decode<Q: DeserializeOwned + PartialEq, P: DeserializeOwned>(question: &Q, cursor: &str) -> Result<P, Error> {
    let invalid = |detail| Error::InvalidParameter { field: "cursor", detail };
    let cursor: Cursor<Q, P> = BASE64_URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .and_then(|json| serde_json::from_slice(&json).ok())
        .ok_or_else(|| invalid("is not a cursor of this service"))?;
    if cursor.question == *question { Ok(cursor.place) } else { Err(invalid("belongs to another query")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_belongs_to_its_question() {
        let cursor = encode("tea", 7);
        assert_eq!(decode::<_, i32>(&"tea".to_owned(), &cursor).unwrap(), 7);
        for wrong in [decode::<_, i32>(&"coffee".to_owned(), &cursor), decode(&"tea".to_owned(), "e30")] {
            assert!(matches!(wrong, Err(Error::InvalidParameter { field: "cursor", .. })));
        }
    }
}
