//! What people do in the shop, each as one call that is checked.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use contracts::{Money, OrderId, ProductId, Sku};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::client::{Client, until};

/// The longest that a step behind the answers may take. It takes about a second, but half a minute more where a service
/// was just killed: the emulator hands a message to its dead connection, and only then to its successor.
const SETTLES_WITHIN: Duration = Duration::from_secs(60);

/// Somebody who has signed in.
pub struct Shopper {
    /// Their address.
    pub email: String,
    /// Their access to the API.
    pub client: Client,
}

/// A page of the catalogue.
#[derive(Debug, Deserialize)]
pub struct Page {
    /// Its products.
    pub items: Vec<Product>,
}

/// A product in a list.
#[derive(Debug, Clone, Deserialize)]
pub struct Product {
    /// The product.
    pub id: ProductId,
    /// Its name.
    pub name: String,
    /// What can be bought of it.
    pub variants: Vec<Variant>,
}

/// One SKU of a product.
#[derive(Debug, Clone, Deserialize)]
pub struct Variant {
    /// What goes into the cart.
    pub sku: Sku,
    /// One piece.
    pub price: Money,
    /// Whether there is any.
    pub in_stock: bool,
}

/// The cart.
#[derive(Debug, Deserialize)]
pub struct Cart {
    /// Its lines.
    pub items: Vec<Line>,
    /// Their sum; absent where the cart is empty.
    pub total: Option<Money>,
}

/// A line of a cart.
#[derive(Debug, Deserialize)]
pub struct Line {
    /// What.
    pub sku: Sku,
    /// How many.
    pub quantity: u32,
}

/// An order.
#[derive(Debug, Deserialize)]
pub struct Order {
    /// The order.
    pub id: OrderId,
    /// Where it is on its way.
    pub status: String,
    /// What it costs.
    pub total: Option<Money>,
    /// The last attempt to have it paid.
    pub payment: Option<Payment>,
    /// Why it was rejected.
    pub rejection_reason: Option<String>,
}

/// An attempt to have an order paid.
#[derive(Debug, Deserialize)]
pub struct Payment {
    /// How far it is.
    pub status: String,
    /// Why the card was declined.
    pub decline_reason: Option<String>,
}

/// What there is of a SKU.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Stock {
    /// Can be bought.
    pub available: u32,
    /// Set aside for orders under way.
    pub reserved: u32,
    /// Gone.
    pub sold: u32,
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
}

/// Opens an account with the front door.
pub async fn sign_up(anonymous: &Client, email: &str, password: &str, name: &str) -> Result<()> {
    let body = json!({ "email": email, "password": password, "name": name, "locale": "en" });
    anonymous.post("/v1/users", &body).await?.expect(202)
}

/// Exchanges a password for an access token.
pub async fn sign_in(anonymous: &Client, email: &str, password: &str) -> Result<Shopper> {
    let body = json!({ "grant_type": "password", "email": email, "password": password });
    let token: Token = anonymous.post("/v1/auth/token", &body).await?.read(200)?;
    Ok(Shopper { email: email.to_owned(), client: anonymous.with_token(token.access_token) })
}

impl Shopper {
    /// A new customer with a random address and password.
    pub fn credentials() -> (String, String) {
        (format!("demo-{}@shop.localhost", Uuid::new_v4().simple()), Uuid::new_v4().to_string())
    }

    /// Puts `wanted` into the cart, which must be empty. Each SKU is there once.
    pub async fn fill_cart(&self, wanted: &[(Sku, u32)]) -> Result<Cart> {
        for (sku, quantity) in wanted {
            let answer = self.client.put(&format!("/v1/cart/items/{sku}"), &json!({ "quantity": quantity })).await?;
            answer.expect(200)?;
        }
        let cart: Cart = self.client.get("/v1/cart").await?.read(200)?;
        let has =
            |(sku, quantity): &(Sku, u32)| cart.items.iter().any(|line| line.sku == *sku && line.quantity == *quantity);
        let as_wanted = cart.items.len() == wanted.len() && wanted.iter().all(has);
        ensure!(as_wanted, "GET /v1/cart: expected {wanted:?}, came {:?}", cart.items);
        Ok(cart)
    }

    /// Orders what is in the cart.
    pub async fn place_order(&self, payment_method: &str) -> Result<OrderId> {
        let address = json!({
            "name": "Ada Example", "line1": "1 Sample Street", "postal_code": "10115", "city": "Berlin", "country": "DE",
        });
        let body = json!({ "payment_method": payment_method, "shipping_address": address });
        let order: Order = self.client.post("/v1/orders", &body).await?.read(202)?;
        Ok(order.id)
    }

    /// Pays an order with another card.
    pub async fn pay_again(&self, order: OrderId, payment_method: &str) -> Result<()> {
        let body = json!({ "payment_method": payment_method });
        self.client.post(&format!("/v1/orders/{order}/payment"), &body).await?.expect(202)
    }

    /// The order, as soon as `arrived` says so.
    pub async fn order_when(&self, what: &str, id: OrderId, arrived: impl Fn(&Order) -> bool) -> Result<Order> {
        let path = format!("/v1/orders/{id}");
        until(&format!("{path} to be {what}"), SETTLES_WITHIN, async || {
            let order: Order = self.client.get(&path).await?.read(200)?;
            Ok(if arrived(&order) { Ok(order) } else { Err(format!("{order:?}")) })
        })
        .await
    }

    /// What there is of `sku`, as staff sees it.
    pub async fn stock(&self, sku: &Sku) -> Result<Stock> {
        self.client.get(&format!("/v1/inventory/{sku}")).await?.read(200)
    }

    /// Corrects what is available of `sku`, as staff may.
    pub async fn adjust(&self, sku: &Sku, delta: i64) -> Result<()> {
        let body = json!({ "delta": delta, "reason": "cargo shop demo" });
        self.client.post(&format!("/v1/inventory/{sku}/adjustments"), &body).await?.expect(201)
    }

    /// The first mail to this person that mentions `text`: its subject.
    pub async fn mail_about(&self, mailbox: &str, text: &str) -> Result<String> {
        until(&format!("a mail to {} that mentions {text}", self.email), SETTLES_WITHIN, async || {
            let mails = Mail::all(mailbox).await?;
            let mine: Vec<_> = mails.into_iter().filter(|mail| mail.to.contains(&self.email)).collect();
            let found = mine
                .iter()
                .find(|mail| mail.text.contains(text) && mail.html.as_deref().is_some_and(|html| html.contains(text)));
            Ok(found.map(|mail| mail.subject.clone()).ok_or_else(|| format!("{mine:?}")))
        })
        .await
    }
}

/// A mail, as the emulator keeps it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Mail {
    to: Vec<String>,
    subject: String,
    #[serde(rename = "BodyText")]
    text: String,
    #[serde(rename = "BodyHtml")]
    html: Option<String>,
}

impl Mail {
    async fn all(mailbox: &str) -> Result<Vec<Self>> {
        #[derive(Deserialize)]
        struct Mailbox {
            messages: std::collections::HashMap<String, Vec<Mail>>,
        }
        let response = reqwest::Client::builder()
            .no_proxy()
            .build()?
            .get(mailbox)
            .send()
            .await
            .with_context(|| format!("GET {mailbox}: no answer"))?;
        let mailbox: Mailbox =
            response.error_for_status()?.json().await.context("the emulator's mails cannot be read")?;
        Ok(mailbox.messages.into_values().flatten().collect())
    }
}
