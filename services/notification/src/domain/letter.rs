//! Letters: the input of templates. A notice in the recipient's language, with amounts and links as text.

use contracts::{
    OrderId,
    event::{
        order::{CancellationReason, OrderLine, RejectionReason},
        user::Contact,
    },
    money::MoneyError,
};
use serde::Serialize;

use super::{
    contact::greeting_name,
    locale::Locale,
    notice::{Notice, Subject},
    storefront::Storefront,
};

/// The fields that a template may use. A missing field is an error in the template, never a gap in the message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Letter {
    /// Name for the greeting. May be empty.
    pub name: String,
    /// Base URL of the storefront.
    pub shop_url: String,
    /// The order that the letter is about, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
}

/// An order in a letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Order {
    /// The order's id.
    pub id: String,
    /// URL of the order's page.
    pub url: String,
    /// Ordered articles.
    pub lines: Vec<Line>,
    /// The total of a confirmed order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<String>,
    /// Reason of a rejection or cancellation: a key for the template, not a text for the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Name of the product and the variant.
    pub name: String,
    /// The stock keeping unit.
    pub sku: String,
    /// Number of pieces.
    pub quantity: u32,
    /// The price of one piece.
    pub unit_price: String,
    /// The price of all pieces.
    pub price: String,
}

impl Letter {
    /// Writes `notice` for the owner of `contact`. Fails if the price of a line overflows: no message is better than a
    /// wrong amount.
    pub fn write(notice: &Notice, contact: &Contact, storefront: &Storefront) -> Result<Self, MoneyError> {
        let locale = Locale::best_for(&contact.locale);
        let order = |id: OrderId, lines: &[OrderLine], reason: Option<&'static str>| {
            let lines = lines.iter().map(|line| Line::write(line, locale)).collect::<Result<_, _>>()?;
            Ok(Order { id: id.to_string(), url: storefront.order(id), lines, total: None, reason })
        };
        let order = match &notice.subject {
            Subject::Welcome | Subject::AccountExists => None,
            Subject::OrderConfirmed { order_id, lines, total } => {
                Some(Order { total: Some(locale.money(*total)), ..order(*order_id, lines, None)? })
            }
            Subject::OrderRejected { order_id, reason, lines } => {
                let reason = match reason {
                    RejectionReason::OutOfStock => "out_of_stock",
                    RejectionReason::PriceIncreased => "price_increased",
                    RejectionReason::Unknown => "unknown",
                };
                Some(order(*order_id, lines, Some(reason))?)
            }
            Subject::OrderCancelled { order_id, reason, lines } => {
                let reason = match reason {
                    CancellationReason::Requested => "requested",
                    CancellationReason::StockTimeout => "stock_timeout",
                    CancellationReason::PaymentTimeout => "payment_timeout",
                    CancellationReason::StockLost => "stock_lost",
                    CancellationReason::AmountNotAccepted => "amount_not_accepted",
                    CancellationReason::Unknown => "unknown",
                };
                Some(order(*order_id, lines, Some(reason))?)
            }
        };
        Ok(Self { name: greeting_name(&contact.name), shop_url: storefront.to_string(), order })
    }
}

impl Line {
    fn write(line: &OrderLine, locale: Locale) -> Result<Self, MoneyError> {
        Ok(Self {
            name: line.name.clone(),
            sku: line.sku.to_string(),
            quantity: line.quantity,
            unit_price: locale.money(line.unit_price),
            price: locale.money(line.unit_price.checked_mul(line.quantity)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use contracts::{Currency, Money, UserId};
    use proptest::prelude::*;

    use super::*;

    fn confirmed(unit_price: i64, quantity: u32) -> Result<Letter, MoneyError> {
        let unit_price = Money::new(unit_price, Currency::EUR);
        let line = OrderLine { sku: "CUP-1".parse().unwrap(), name: "Cup".to_owned(), quantity, unit_price };
        let subject = Subject::OrderConfirmed { order_id: OrderId::generate(), lines: vec![line], total: unit_price };
        let contact = Contact { email: "ada@example.com".to_owned(), name: "Ada".to_owned(), locale: "en".to_owned() };
        let storefront = "https://shop.example".parse().unwrap();
        Letter::write(&Notice { user_id: UserId::generate(), subject }, &contact, &storefront)
    }

    proptest! {
        #[test]
        fn the_price_of_a_line_is_exact_or_there_is_no_letter(unit_price in 0..i64::MAX, quantity in 1..u32::MAX) {
            let exact = i128::from(unit_price) * i128::from(quantity);
            match confirmed(unit_price, quantity) {
                Ok(letter) => {
                    let digits = letter.order.unwrap().lines[0].price.replace('.', "");
                    prop_assert_eq!(digits.strip_suffix(" EUR").unwrap().parse::<i128>().unwrap(), exact);
                }
                Err(error) => {
                    prop_assert_eq!(error, MoneyError::Overflow);
                    prop_assert!(i64::try_from(exact).is_err());
                }
            }
        }
    }
}
