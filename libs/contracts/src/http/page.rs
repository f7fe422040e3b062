//! Parameters of lists.

use serde::Deserialize;
use utoipa::ToSchema;

/// Number of items on a page: 1 to 100, 20 by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(value_type = u32, minimum = 1, maximum = 100, default = 20)]
#[serde(try_from = "u32")]
pub struct PageLimit(u32);

impl PageLimit {
    /// Returns the number of items.
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

impl Default for PageLimit {
    fn default() -> Self {
        Self(20)
    }
}

impl TryFrom<u32> for PageLimit {
    type Error = &'static str;

    fn try_from(items: u32) -> Result<Self, Self::Error> {
        if (1..=100).contains(&items) { Ok(Self(items)) } else { Err("must be 1 to 100") }
    }
}
