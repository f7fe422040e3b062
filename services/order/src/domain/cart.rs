//! The cart: what a customer is about to order, at the prices that the customer was last shown.

use std::collections::HashMap;

use contracts::{Currency, Money, Sku, money::MoneyError};
use serde::{Deserialize, Serialize};

use super::Offer;

/// How many pieces of one SKU: 1 to 99.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Quantity(u32);

impl Quantity {
    /// The most pieces of one SKU in one order.
    pub const MAX: u32 = 99;
}

impl TryFrom<u32> for Quantity {
    type Error = String;

    fn try_from(number: u32) -> Result<Self, Self::Error> {
        if (1..=Self::MAX).contains(&number) { Ok(Self(number)) } else { Err(format!("must be 1 to {}", Self::MAX)) }
    }
}

impl From<Quantity> for u32 {
    fn from(quantity: Quantity) -> Self {
        quantity.0
    }
}

/// Pieces of one SKU in a cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartLine {
    /// What.
    pub sku: Sku,
    /// The product's name, with the variant's.
    pub name: String,
    /// How many pieces.
    pub quantity: Quantity,
    /// The price of one piece that the customer was last shown: nobody pays more than this.
    pub unit_price: Money,
}

/// Lines sorted by SKU, each SKU once, all prices in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cart {
    lines: Vec<CartLine>,
}

/// Why something cannot be put into a cart. The message is fit for its owner.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CartRefusal {
    /// Nobody has heard of it, or it is no longer sold.
    #[error("{0} is not for sale")]
    NotForSale(Sku),
    /// One order has one currency.
    #[error("{sku} is sold in {offered}, and the cart holds {held}")]
    OtherCurrency {
        /// What was to be put in.
        sku: Sku,
        /// The currency of its price.
        offered: Currency,
        /// The currency of the cart.
        held: Currency,
    },
    /// The cart has its [`Cart::MAX_LINES`] lines.
    #[error("there is no room for {0}: a cart holds at most {max} different articles", max = Cart::MAX_LINES)]
    Full(Sku),
}

/// A line as it is shown, with what has changed since the customer last saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownLine {
    /// The line, at its new price.
    pub line: CartLine,
    /// False if it cannot be bought in this cart at the moment.
    pub available_for_sale: bool,
    /// The price that the customer was shown before, if it was another.
    pub previous_unit_price: Option<Money>,
}

impl Cart {
    /// The most lines in one cart. With product's limits it keeps orders far below the size of an item in the store.
    pub const MAX_LINES: usize = 50;

    /// The lines, sorted by SKU.
    pub fn lines(&self) -> &[CartLine] {
        &self.lines
    }

    /// True if nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The currency of all its prices; none if it is empty.
    pub fn currency(&self) -> Option<Currency> {
        self.lines.first().map(|line| line.unit_price.currency)
    }

    /// What all of it costs at the shown prices; none if it is empty.
    pub fn total(&self) -> Result<Option<Money>, MoneyError> {
        let Some(currency) = self.currency() else { return Ok(None) };
        let mut prices = self.lines.iter().map(|line| line.unit_price.checked_mul(line.quantity.into()));
        prices.try_fold(Money::zero(currency), |sum, price| sum.checked_add(price?)).map(Some)
    }

    /// Sets the quantity of `sku`. A new line begins at the price of `offer`; one that was there keeps the price that was
    /// shown, until [`Cart::refresh`] shows another.
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

    /// Takes `sku` out. False if it was not in.
    pub fn remove(&mut self, sku: &Sku) -> bool {
        let before = self.lines.len();
        self.lines.retain(|line| line.sku != *sku);
        self.lines.len() < before
    }

    /// Takes over the names and prices that are offered now, and tells what to show.
    ///
    /// A line that is not for sale stays at its old price, and so does one that is offered in another currency by
    /// now: it cannot be bought together with the rest.
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
