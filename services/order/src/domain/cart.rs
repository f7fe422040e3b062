//! Carts: lines at the prices that the customer was last shown.

use std::collections::HashMap;

use contracts::{Currency, Money, Sku, event::order::OrderLine, money::MoneyError, number::Integer};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Offer, Order};

/// Number of pieces of one SKU: 1 to 99.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Integer", into = "u32")]
#[schema(value_type = u32, minimum = 1, maximum = 99)]
pub struct Quantity(u32);

impl Quantity {
    const MAX: u32 = 99;
}

impl TryFrom<Integer> for Quantity {
    type Error = String;

    fn try_from(Integer(number): Integer) -> Result<Self, Self::Error> {
        let quantity = u32::try_from(number).ok().filter(|quantity| (1..=Self::MAX).contains(quantity));
        quantity.map(Self).ok_or_else(|| format!("must be 1 to {}", Self::MAX))
    }
}

impl From<Quantity> for u32 {
    fn from(quantity: Quantity) -> Self {
        quantity.0
    }
}

/// Line of a cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartLine {
    /// SKU; a cart has one line for it.
    pub sku: Sku,
    /// Name of the product and its variant.
    pub name: String,
    /// Number of pieces.
    pub quantity: Quantity,
    /// Price of one piece that the customer was last shown: the maximum that the customer is charged.
    pub unit_price: Money,
}

/// A cart: lines sorted by SKU, each SKU once, all prices in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cart {
    lines: Vec<CartLine>,
}

/// Reason why a SKU cannot be put into a cart. The message may be shown to the cart's owner.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CartRefusal {
    /// The SKU is unknown, or no longer for sale.
    #[error("{0} is not for sale")]
    NotForSale(Sku),
    /// A cart has one currency.
    #[error("{sku} is sold in {offered}, but the cart is in {held}")]
    OtherCurrency {
        /// SKU to add.
        sku: Sku,
        /// Currency of its price.
        offered: Currency,
        /// Currency of the cart.
        held: Currency,
    },
    /// The cart has [`Cart::MAX_LINES`] lines.
    #[error("{0} cannot be added: a cart has at most {max} lines", max = Cart::MAX_LINES)]
    Full(Sku),
}

/// Line of a cart as shown to the customer, with the change since it was last shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownLine {
    /// Line, at its new price.
    pub line: CartLine,
    /// False if the line cannot be bought in this cart at present.
    pub available_for_sale: bool,
    /// Price that the customer was shown before, if it differs.
    pub previous_unit_price: Option<Money>,
}

impl Cart {
    /// Maximum number of lines. Together with product's limits, it keeps orders far below the size limit of an item.
    const MAX_LINES: usize = 50;

    /// Returns the lines, sorted by SKU.
    pub fn lines(&self) -> &[CartLine] {
        &self.lines
    }

    /// Returns a cart with the lines of a rejected order, at the prices that the customer was shown.
    pub(crate) fn of_order(order: &Order) -> Self {
        let line = |line: &OrderLine| {
            let quantity = Quantity::try_from(Integer(line.quantity.into())).ok()?;
            let OrderLine { sku, name, quantity: _, unit_price } = line.clone();
            Some(CartLine { sku, name, quantity, unit_price })
        };
        Self { lines: order.lines.iter().filter_map(line).collect() }
    }

    /// Returns the currency of all prices; `None` for an empty cart.
    fn currency(&self) -> Option<Currency> {
        self.lines.first().map(|line| line.unit_price.currency)
    }

    /// Returns the sum of all lines at the shown prices; `None` for an empty cart.
    pub fn total(&self) -> Result<Option<Money>, MoneyError> {
        let Some(currency) = self.currency() else { return Ok(None) };
        let mut prices = self.lines.iter().map(|line| line.unit_price.checked_mul(line.quantity.into()));
        prices.try_fold(Money::zero(currency), |sum, price| sum.checked_add(price?)).map(Some)
    }

    /// Sets the quantity of `sku`. A new line gets the price of `offer`. An existing line keeps the price that was
    /// shown, until [`Cart::refresh`] changes it.
    pub fn put(&mut self, sku: &Sku, quantity: Quantity, offer: Option<&Offer>) -> Result<(), CartRefusal> {
        let offer = offer.filter(|offer| offer.for_sale).ok_or_else(|| CartRefusal::NotForSale(sku.clone()))?;
        let offered = offer.price.currency;
        let held = self.lines.iter().find(|line| line.sku != *sku).map(|line| line.unit_price.currency);
        if let Some(held) = held.filter(|held| *held != offered) {
            return Err(CartRefusal::OtherCurrency { sku: sku.clone(), offered, held });
        }
        let new = || CartLine { sku: sku.clone(), name: offer.name.clone(), quantity, unit_price: offer.price };
        match self.lines.binary_search_by(|line| line.sku.cmp(sku)) {
            Ok(index) if self.lines[index].unit_price.currency == offered => self.lines[index].quantity = quantity,
            Ok(index) => self.lines[index] = new(),
            Err(_) if self.lines.len() >= Self::MAX_LINES => return Err(CartRefusal::Full(sku.clone())),
            Err(index) => self.lines.insert(index, new()),
        }
        Ok(())
    }

    /// Removes the line of `sku`. Returns whether there was one.
    pub fn remove(&mut self, sku: &Sku) -> bool {
        let before = self.lines.len();
        self.lines.retain(|line| line.sku != *sku);
        self.lines.len() < before
    }

    /// Updates names and prices to the current offers, and returns the lines to show.
    ///
    /// A line that is not for sale keeps its old price. So does a line that is now offered in another currency: it
    /// cannot be bought together with the others.
    pub fn refresh(&mut self, offers: &HashMap<Sku, Offer>) -> Vec<ShownLine> {
        self.lines.iter_mut().map(|line| refresh(line, offers.get(&line.sku))).collect()
    }
}

fn refresh(line: &mut CartLine, offer: Option<&Offer>) -> ShownLine {
    let before = line.unit_price;
    let offer = offer.filter(|offer| offer.for_sale && offer.price.currency == before.currency);
    if let Some(offer) = offer {
        line.name.clone_from(&offer.name);
        line.unit_price = offer.price;
    }
    ShownLine {
        line: line.clone(),
        available_for_sale: offer.is_some(),
        previous_unit_price: (line.unit_price != before).then_some(before),
    }
}

#[cfg(test)]
#[path = "cart_tests.rs"]
mod tests;
