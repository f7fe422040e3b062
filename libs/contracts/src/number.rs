//! Whole numbers as JSON Schema defines them: `24.0` is an integer.

use std::fmt;

use serde::{Deserializer, de};

/// Deserializes a whole number in either notation. For `#[serde(deserialize_with)]`, and for `try_from` types by
/// [`Integer`].
pub fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    deserializer.deserialize_i64(IntegerVisitor)
}

/// A whole number, to build narrower types with `#[serde(try_from = "Integer")]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Integer(pub i64);

impl<'de> serde::Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        integer(deserializer).map(Self)
    }
}

struct IntegerVisitor;

impl de::Visitor<'_> for IntegerVisitor {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<i64, E> {
        i64::try_from(number).map_err(|_| E::invalid_value(de::Unexpected::Unsigned(number), &self))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<i64, E> {
        // Above 2^53, neighboring integers share a float: such a number is not exact, and refused.
        let is_exact = number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0;
        if is_exact { Ok(number as i64) } else { Err(E::invalid_value(de::Unexpected::Float(number), &self)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_may_have_a_decimal_point() {
        for (text, number) in [("24", 24), ("24.0", 24), ("-3e2", -300), ("9007199254740993", 9_007_199_254_740_993)] {
            assert_eq!(serde_json::from_str::<Integer>(text).unwrap().0, number, "{text}");
        }
        for text in ["24.5", "1e300", "9007199254740994.0", "18446744073709551615", "\"24\"", "null", "true"] {
            assert!(serde_json::from_str::<Integer>(text).is_err(), "{text}");
        }
    }
}
