use contracts::{Currency, Money};

use super::*;

fn sku(text: &str) -> Sku {
    text.parse().unwrap()
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn offer(price: Money) -> Offer {
    Offer { name: "Kettle".to_owned(), price, for_sale: true }
}

fn pieces(number: u32) -> Quantity {
    Quantity::try_from(Integer(number.into())).unwrap()
}

fn cart(lines: &[(&str, u32, i64)]) -> Cart {
    let mut cart = Cart::default();
    for (name, quantity, price) in lines {
        cart.put(&sku(name), pieces(*quantity), Some(&offer(eur(*price)))).unwrap();
    }
    cart
}

#[test]
fn a_quantity_is_1_to_99() {
    assert!(Quantity::try_from(Integer(0)).is_err());
    assert!(Quantity::try_from(Integer(100)).is_err());
    assert_eq!(u32::from(pieces(99)), 99);
}

#[test]
fn lines_are_sorted_and_a_sku_has_one_line() {
    let cart = cart(&[("B", 1, 100), ("A", 2, 50), ("B", 3, 100)]);
    let lines: Vec<_> = cart.lines().iter().map(|line| (line.sku.as_str(), u32::from(line.quantity))).collect();
    assert_eq!(lines, [("A", 2), ("B", 3)]);
    assert_eq!(cart.total(), Ok(Some(eur(2 * 50 + 3 * 100))));
}

#[test]
fn an_unknown_sku_or_one_no_longer_for_sale_cannot_be_added() {
    let gone = Offer { for_sale: false, ..offer(eur(1)) };
    for offer in [None, Some(&gone)] {
        let refusal = Cart::default().put(&sku("A"), pieces(1), offer);
        assert_eq!(refusal, Err(CartRefusal::NotForSale(sku("A"))));
    }
}

#[test]
fn a_cart_has_one_currency() {
    let mut cart = cart(&[("A", 1, 100)]);
    let yen = offer(Money::new(100, Currency::JPY));
    assert!(matches!(cart.put(&sku("B"), pieces(1), Some(&yen)), Err(CartRefusal::OtherCurrency { .. })));
    // The only line of a cart may change its currency.
    assert_eq!(cart.put(&sku("A"), pieces(1), Some(&yen)), Ok(()));
    assert_eq!(cart.currency(), Some(Currency::JPY));
}

#[test]
fn a_cart_has_at_most_50_lines() {
    let mut cart = Cart::default();
    for number in 0..50 {
        cart.put(&sku(&format!("S-{number}")), pieces(1), Some(&offer(eur(1)))).unwrap();
    }
    assert_eq!(cart.put(&sku("S-50"), pieces(1), Some(&offer(eur(1)))), Err(CartRefusal::Full(sku("S-50"))));
    assert_eq!(cart.put(&sku("S-7"), pieces(9), Some(&offer(eur(1)))), Ok(()));
}

#[test]
fn a_changed_price_is_shown_with_the_previous_one_only_once() {
    let mut cart = cart(&[("A", 1, 100)]);
    let offers = HashMap::from([(sku("A"), offer(eur(120)))]);
    cart.put(&sku("A"), pieces(2), offers.get(&sku("A"))).unwrap();
    let first = cart.refresh(&offers);
    assert_eq!(first[0].previous_unit_price, Some(eur(100)));
    assert_eq!(first[0].line.unit_price, eur(120));
    assert_eq!(cart.refresh(&offers)[0].previous_unit_price, None);
}

#[test]
fn a_line_that_is_not_for_sale_keeps_its_price_and_is_marked() {
    let mut cart = cart(&[("A", 1, 100), ("B", 1, 100), ("C", 1, 100)]);
    let offers = HashMap::from([
        (sku("A"), Offer { for_sale: false, ..offer(eur(1)) }),
        (sku("B"), offer(Money::new(1, Currency::JPY))),
    ]);
    for shown in cart.refresh(&offers) {
        assert!(!shown.available_for_sale);
        assert_eq!((shown.line.unit_price, shown.previous_unit_price), (eur(100), None));
    }
}

#[test]
fn an_overflow_of_the_total_is_an_error() {
    assert_eq!(cart(&[("A", 99, i64::MAX / 2)]).total(), Err(MoneyError::Overflow));
}
