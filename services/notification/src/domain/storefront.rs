//! Where the links in messages lead.

use std::{fmt, str::FromStr};

use contracts::OrderId;
use http::Uri;

/// The address of the storefront, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storefront(String);

impl Storefront {
    /// The page of one order.
    pub fn order(&self, id: OrderId) -> String {
        format!("{self}/orders/{id}")
    }
}

impl fmt::Display for Storefront {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is not the address of a storefront.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an absolute http(s) address without a query, such as https://shop.example")]
pub struct InvalidStorefront;

impl FromStr for Storefront {
    type Err = InvalidStorefront;

    fn from_str(text: &str) -> Result<Self, InvalidStorefront> {
        let address: Uri = text.parse().map_err(|_| InvalidStorefront)?;
        let valid = matches!(address.scheme_str(), Some("http" | "https")) && address.query().is_none();
        if valid { Ok(Self(text.trim_end_matches('/').to_owned())) } else { Err(InvalidStorefront) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_have_no_doubled_slash() {
        let order = OrderId::generate();
        for address in ["https://shop.example", "https://shop.example/"] {
            let storefront: Storefront = address.parse().unwrap();
            assert_eq!(storefront.order(order), format!("https://shop.example/orders/{order}"));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "shop.example", "/orders", "ftp://shop.example", "https://shop.example?x=1", "https://a b"] {
            assert!(text.parse::<Storefront>().is_err(), "{text}");
        }
    }
}
