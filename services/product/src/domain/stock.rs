//! Pieces: how they move between being available, reserved and sold.

use std::collections::BTreeMap;

use contracts::{Sku, event::order};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why the stock of a SKU changed: the kind of a row of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Movement {
    /// The SKU came into the catalogue, with its first stock.
    Stocked,
    /// Staff corrected what is available.
    Adjusted,
    /// Set aside for an order.
    Reserved,
    /// A reserved order was given up.
    Released,
    /// A reservation was not confirmed in time.
    Expired,
    /// A reserved order was confirmed.
    Committed,
    /// An order was confirmed after its reservation had expired, and the pieces were still there.
    Retaken,
    /// A confirmed order was given up.
    Returned,
}

/// What one piece adds to each column of the stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// To what can be bought.
    pub available: i32,
    /// To what is set aside for orders that are not confirmed yet.
    pub reserved: i32,
    /// To what confirmed orders got.
    pub sold: i32,
}

impl Movement {
    /// The kind as the ledger keeps it.
    pub const fn as_str(self) -> &'static str {
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

    /// What one piece that moves this way adds to the stock.
    pub const fn per_piece(self) -> Change {
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

/// What an order wants or holds: each SKU once, sorted, at least one piece of each, never empty.
///
/// The order matters: stock is locked in it, so that two orders never wait for each other in a circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines(BTreeMap<Sku, u32>);

/// An event's lines are none that an order can have. Its publisher broke the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("lines must not be empty, and each must have 1 to {} pieces", Lines::MAX_QUANTITY)]
pub struct InvalidLines;

impl Lines {
    /// The most pieces of one SKU in one order.
    pub const MAX_QUANTITY: u32 = 1_000_000;

    /// Lines of SKUs and quantities; a SKU that comes twice counts as the sum.
    pub fn new(lines: impl IntoIterator<Item = (Sku, u32)>) -> Result<Self, InvalidLines> {
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

    /// The lines, sorted by SKU.
    pub fn iter(&self) -> impl Iterator<Item = (&Sku, u32)> {
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

/// How many pieces an adjustment adds; takes away where negative. Never zero, at most a million either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(value_type = i32, minimum = -1_000_000, maximum = 1_000_000)]
#[serde(try_from = "i32", into = "i32")]
pub struct Delta(i32);

/// The number is not an adjustment. The message is fit for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number from -1000000 to 1000000, and not 0")]
pub struct InvalidDelta;

impl TryFrom<i32> for Delta {
    type Error = InvalidDelta;

    fn try_from(pieces: i32) -> Result<Self, InvalidDelta> {
        if pieces != 0 && (-1_000_000..=1_000_000).contains(&pieces) { Ok(Self(pieces)) } else { Err(InvalidDelta) }
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
    fn lines_are_sorted_and_each_sku_comes_once() {
        let lines = Lines::new([(sku("B"), 1), (sku("A"), 2), (sku("B"), 3)]).unwrap();
        assert_eq!(lines.iter().collect::<Vec<_>>(), [(&sku("A"), 2), (&sku("B"), 4)]);
    }

    #[test]
    fn lines_that_no_order_can_have_are_refused() {
        assert_eq!(Lines::new([]), Err(InvalidLines));
        assert_eq!(Lines::new([(sku("A"), 0)]), Err(InvalidLines));
        assert_eq!(Lines::new([(sku("A"), u32::MAX), (sku("A"), 1)]), Err(InvalidLines));
    }

    #[test]
    fn only_deliveries_and_corrections_make_pieces_appear() {
        use Movement::*;
        for movement in [Reserved, Released, Expired, Committed, Retaken, Returned] {
            let Change { available, reserved, sold } = movement.per_piece();
            assert_eq!(available + reserved + sold, 0, "{movement:?}");
        }
    }
}
