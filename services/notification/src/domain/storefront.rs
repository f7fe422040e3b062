//! Links in messages.

use std::{fmt, str::FromStr};

use contracts::OrderId;
use http::Uri;

/// Base URL of the storefront, without a trailing slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storefront(String);

impl Storefront {
    /// URL of an order's page.
    pub fn order(&self, id: OrderId) -> String {
        format!("{self}/orders/{id}")
    }
}

impl fmt::Display for Storefront {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Error: the text is not the base URL of a storefront.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an absolute http(s) URL without a query, such as https://shop.example")]
pub struct InvalidStorefront;

impl FromStr for Storefront {
    type Err = InvalidStorefront;

    fn from_str(text: &str) -> Result<Self, InvalidStorefront> {
        let url: Uri = text.parse().map_err(|_| InvalidStorefront)?;
        let valid = matches!(url.scheme_str(), Some("http" | "https")) && url.query().is_none();
        if valid { Ok(Self(text.trim_end_matches('/').to_owned())) } else { Err(InvalidStorefront) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_have_no_double_slash() {
        let order = OrderId::generate();
        for url in ["https://shop.example", "https://shop.example/"] {
            let storefront: Storefront = url.parse().unwrap();
            assert_eq!(storefront.order(order), format!("https://shop.example/orders/{order}"));
        }
    }

    #[test]
    fn a_text_that_is_not_a_base_url_is_refused() {
        for text in ["", "shop.example", "/orders", "ftp://shop.example", "https://shop.example?x=1", "https://a b"] {
            assert!(text.parse::<Storefront>().is_err(), "{text}");
        }
    }
}
