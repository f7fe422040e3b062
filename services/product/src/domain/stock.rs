//! Stock of a SKU: available, reserved and sold pieces, and the movements between them.

use std::collections::BTreeMap;

use contracts::{Sku, event::order, number::Integer};
use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, OneOfBuilder, Schema, Type},
    },
};

/// Kind of a change of stock.
///
/// - `stocked`: initial stock of a new SKU.
/// - `adjusted`: correction of the available stock by staff.
/// - `reserved`: reservation for an order that was placed.
/// - `released`: end of the reservation of an order that was rejected or cancelled.
/// - `expired`: end of a reservation that was not confirmed in time.
/// - `committed`: confirmation of a reserved order.
/// - `retaken`: confirmation of an order whose reservation had expired.
/// - `returned`: cancellation of a confirmed order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Movement {
    Stocked,
    Adjusted,
    Reserved,
    Released,
    Expired,
    Committed,
    Retaken,
    Returned,
}

/// Addend of each column of the stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    pub available: i32,
    pub reserved: i32,
    pub sold: i32,
}

impl Movement {
    /// Returns the value in the ledger.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Stocked => "stocked",
            Self::Adjusted => "adjusted",
            Self::Reserved => "reserved",
            Self::Released => "released",
            Self::Expired => "expired",
            Self::Committed => "committed",
            Self::Retaken => "retaken",
            Self::Returned => "returned",
        }
    }

    /// Returns the change of the stock by one piece.
    pub(crate) const fn per_piece(self) -> Change {
        let (available, reserved, sold) = match self {
            Self::Stocked | Self::Adjusted => (1, 0, 0),
            Self::Reserved => (-1, 1, 0),
            Self::Released | Self::Expired => (1, -1, 0),
            Self::Committed => (0, -1, 1),
            Self::Retaken => (-1, 0, 1),
            Self::Returned => (1, 0, -1),
        };
        Change { available, reserved, sold }
    }
}

/// Lines of an order: each SKU once, sorted, at least one piece of each, never empty.
///
/// Stock is locked in the order of the SKUs, so that orders cannot deadlock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines(BTreeMap<Sku, u32>);

/// The lines of an event cannot be those of an order: a contract violation by its publisher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("lines must not be empty, and each must have 1 to {} pieces", Lines::MAX_QUANTITY)]
pub struct InvalidLines;

impl Lines {
    /// Maximum number of pieces of one SKU in an order.
    pub(crate) const MAX_QUANTITY: u32 = 1_000_000;

    /// Creates lines from SKUs and quantities. Quantities of the same SKU are added.
    pub(crate) fn new(lines: impl IntoIterator<Item = (Sku, u32)>) -> Result<Self, InvalidLines> {
        let mut sums = BTreeMap::<Sku, u32>::new();
        for (sku, quantity) in lines {
            let sum = sums.entry(sku).or_default();
            *sum = sum.saturating_add(quantity);
            if quantity == 0 || *sum > Self::MAX_QUANTITY {
                return Err(InvalidLines);
            }
        }
        if sums.is_empty() { Err(InvalidLines) } else { Ok(Self(sums)) }
    }

    /// Iterates over the lines, sorted by SKU.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Sku, u32)> {
        self.0.iter().map(|(sku, quantity)| (sku, *quantity))
    }
}

impl TryFrom<&[order::WantedLine]> for Lines {
    type Error = InvalidLines;

    fn try_from(lines: &[order::WantedLine]) -> Result<Self, InvalidLines> {
        Self::new(lines.iter().map(|line| (line.sku.clone(), line.quantity)))
    }
}

impl TryFrom<&[order::OrderLine]> for Lines {
    type Error = InvalidLines;

    fn try_from(lines: &[order::OrderLine]) -> Result<Self, InvalidLines> {
        Self::new(lines.iter().map(|line| (line.sku.clone(), line.quantity)))
    }
}

/// Number of pieces that an adjustment adds (positive) or removes (negative): at most 1,000,000, not 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Integer", into = "i32")]
pub struct Delta(i32);

impl PartialSchema for Delta {
    fn schema() -> RefOr<Schema> {
        let range = |from: i32, to: i32| {
            ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(from)).maximum(Some(to)).build()
        };
        OneOfBuilder::new()
            .description(Some("Number of pieces that are added (positive) or removed (negative)"))
            .item(range(1, Self::MAX))
            .item(range(-Self::MAX, -1))
            .into()
    }
}

impl ToSchema for Delta {}

impl Delta {
    const MAX: i32 = 1_000_000;
}

/// The number is not an adjustment. The message may be shown to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number from -1000000 to 1000000, and not 0")]
pub struct InvalidDelta;

impl TryFrom<Integer> for Delta {
    type Error = InvalidDelta;

    fn try_from(Integer(number): Integer) -> Result<Self, InvalidDelta> {
        let pieces = i32::try_from(number).map_err(|_| InvalidDelta)?;
        if pieces != 0 && (-Self::MAX..=Self::MAX).contains(&pieces) { Ok(Self(pieces)) } else { Err(InvalidDelta) }
    }
}

impl From<Delta> for i32 {
    fn from(delta: Delta) -> Self {
        delta.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sku(text: &str) -> Sku {
        text.parse().unwrap()
    }

    #[test]
    fn lines_are_sorted_and_name_each_sku_once() {
        let lines = Lines::new([(sku("B"), 1), (sku("A"), 2), (sku("B"), 3)]).unwrap();
        assert_eq!(lines.iter().collect::<Vec<_>>(), [(&sku("A"), 2), (&sku("B"), 4)]);
    }

    #[test]
    fn empty_and_excessive_lines_are_rejected() {
        assert_eq!(Lines::new([]), Err(InvalidLines));
        assert_eq!(Lines::new([(sku("A"), 0)]), Err(InvalidLines));
        assert_eq!(Lines::new([(sku("A"), u32::MAX), (sku("A"), 1)]), Err(InvalidLines));
    }

    #[test]
    fn only_initial_stock_and_adjustments_change_the_number_of_pieces() {
        use Movement::*;
        for movement in [Reserved, Released, Expired, Committed, Retaken, Returned] {
            let Change { available, reserved, sold } = movement.per_piece();
            assert_eq!(available + reserved + sold, 0, "{movement:?}");
        }
    }
}
