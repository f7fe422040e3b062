use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use contracts::{Money, OrderId, ProductId, Sku};
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Client, Response, new_key};

/// Limit for asynchronous effects of a request. They take about a second, but half a minute more after a service was
/// killed, because the emulator delivers a message to the broken connection first.
pub const SETTLE_LIMIT: Duration = Duration::from_secs(60);

/// A signed-in user: a customer or a member of the staff.
#[derive(Debug, Clone)]
pub struct Shopper {
    pub email: String,
    pub password: String,
    /// Access token.
    pub token: String,
    pub client: Client,
}

/// A page of the catalogue.
#[derive(Debug, Deserialize)]
pub struct Page {
    pub items: Vec<Product>,
}

/// A product in a list.
#[derive(Debug, Clone, Deserialize)]
pub struct Product {
    pub id: ProductId,
    pub name: String,
    pub variants: Vec<Variant>,
}

/// One SKU of a product.
#[derive(Debug, Clone, Deserialize)]
pub struct Variant {
    pub sku: Sku,
    pub price: Money,
    pub in_stock: bool,
}

/// The cart.
#[derive(Debug, Deserialize)]
pub struct Cart {
    pub items: Vec<Value>,
    /// Absent from an empty cart.
    pub total: Option<Money>,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Order {
    pub id: OrderId,
    pub status: String,
    pub lines: Vec<Value>,
    pub total: Option<Money>,
    pub payment: Option<Payment>,
    pub rejection_reason: Option<String>,
    pub cancellation_reason: Option<String>,
}

/// The last payment attempt of an order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Payment {
    pub status: String,
    pub decline_reason: Option<String>,
}

/// The stock of a SKU, in pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Stock {
    pub available: i64,
    pub reserved: i64,
    pub sold: i64,
}

impl Stock {
    /// Stock with these numbers of pieces.
    pub const fn of(available: i64, reserved: i64, sold: i64) -> Self {
        Self { available, reserved, sold }
    }

    /// All pieces.
    pub const fn pieces(&self) -> i64 {
        self.available + self.reserved + self.sold
    }
}

impl Shopper {
    /// Registers a customer with a random address and password, and signs in.
    pub async fn sign_up(anonymous: &Client) -> Result<Self> {
        let email = format!("{}@shop.localhost", Uuid::new_v4().simple());
        let password = Uuid::new_v4().to_string();
        Self::register(anonymous, &email, &password, "Ada Example").await?;
        Self::sign_in(anonymous, &email, &password).await
    }

    /// Registers an account. The response is the same if the address already has an account.
    pub async fn register(anonymous: &Client, email: &str, password: &str, name: &str) -> Result<()> {
        let account = json!({ "email": email, "password": password, "name": name, "locale": "en" });
        anonymous.post("/v1/users", &account).await?.ensure(202)
    }

    /// Exchanges a password for an access token.
    pub async fn sign_in(anonymous: &Client, email: &str, password: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Token {
            access_token: String,
        }
        let grant = json!({ "grant_type": "password", "email": email, "password": password });
        let token: Token = anonymous.post("/v1/auth/token", &grant).await?.json(200)?;
        let client = anonymous.with_token(&token.access_token);
        Ok(Self { email: email.to_owned(), password: password.to_owned(), token: token.access_token, client })
    }

    /// Signs in again, because access tokens expire after ten minutes.
    pub async fn renew(&self) -> Result<Self> {
        Self::sign_in(&self.client, &self.email, &self.password).await
    }

    /// Sets the quantity of a SKU in the cart.
    pub async fn put_in_cart(&self, sku: &Sku, quantity: u32) -> Result<()> {
        self.client.put(&format!("/v1/cart/items/{sku}"), &json!({ "quantity": quantity })).await?.ensure(200)
    }

    /// The cart.
    pub async fn cart(&self) -> Result<Cart> {
        self.client.get("/v1/cart").await?.json(200)
    }

    /// The request that orders the content of the cart.
    pub fn checkout(&self, key: &str, payment_method: &str) -> RequestBuilder {
        let body = json!({ "payment_method": payment_method, "shipping_address": shipping_address() });
        self.client.request(Method::POST, "/v1/orders").header("idempotency-key", key).json(&body)
    }

    /// Orders the content of the cart.
    pub async fn place_order(&self, payment_method: &str) -> Result<OrderId> {
        #[derive(Deserialize)]
        struct Placed {
            id: OrderId,
        }
        let placed: Placed = Response::try_to(self.checkout(&new_key(), payment_method)).await?.json(202)?;
        Ok(placed.id)
    }

    /// Pays an order with another card.
    pub async fn pay(&self, order: OrderId, payment_method: &str) -> Result<Response> {
        let body = json!({ "payment_method": payment_method });
        self.client.post(&format!("/v1/orders/{order}/payment"), &body).await
    }

    /// Cancels an order.
    pub async fn cancel(&self, order: OrderId) -> Result<Response> {
        self.client.post(&format!("/v1/orders/{order}/cancel"), &json!({})).await
    }

    /// The order.
    pub async fn order(&self, id: OrderId) -> Result<Order> {
        self.client.get(&format!("/v1/orders/{id}")).await?.json(200)
    }

    /// Waits until the order has one of these statuses.
    pub async fn order_in(&self, id: OrderId, statuses: &[&str]) -> Result<Order> {
        self.order_when(id, &statuses.join(" or "), |order| statuses.contains(&order.status.as_str())).await
    }

    /// Waits until the payment of the order is declined.
    pub async fn order_declined(&self, id: OrderId) -> Result<Order> {
        let declined = |order: &Order| order.payment.as_ref().is_some_and(|payment| payment.status == "declined");
        self.order_when(id, "declined", declined).await
    }

    async fn order_when(&self, id: OrderId, expected: &str, matches: impl Fn(&Order) -> bool) -> Result<Order> {
        until(&format!("order {id} to be {expected}"), async || {
            let order = self.order(id).await?;
            Ok(if matches(&order) { Ok(order) } else { Err(format!("{order:?}")) })
        })
        .await
    }

    /// The stock of a SKU. For staff.
    pub async fn stock(&self, sku: &Sku) -> Result<Stock> {
        self.client.get(&format!("/v1/inventory/{sku}")).await?.json(200)
    }

    /// Waits until the stock of a SKU is `expected`. For staff.
    pub async fn stock_becomes(&self, sku: &Sku, expected: Stock) -> Result<()> {
        until(&format!("stock of {sku} to be {expected:?}"), async || {
            let stock = self.stock(sku).await?;
            Ok(if stock == expected { Ok(()) } else { Err(format!("{stock:?}")) })
        })
        .await
    }

    /// Adjusts the available stock of a SKU. For staff.
    pub async fn adjust(&self, sku: &Sku, delta: i64) -> Result<()> {
        let body = json!({ "delta": delta, "reason": "stock-taking" });
        self.client.post(&format!("/v1/inventory/{sku}/adjustments"), &body).await?.ensure(201)
    }

    /// Sets the price of a SKU. For staff.
    pub async fn set_price(&self, product: ProductId, sku: &Sku, price: Money) -> Result<()> {
        let path = format!("/v1/products/{product}");
        let current = self.client.get(&path).await?;
        let etag = current.headers.get("etag").with_context(|| format!("GET {path}: no ETag"))?;
        self.client.patch(&path, etag.clone(), &json!({ "prices": { (sku.as_str()): price } })).await?.ensure(200)
    }

    /// Waits for a mail to this user that contains `text`, and returns its subject. `mailbox` is the URL of all mails.
    pub async fn mail_about(&self, mailbox: &str, text: &str) -> Result<String> {
        until(&format!("a mail to {} that contains {text}", self.email), async || {
            let mails = Mail::to(mailbox, &self.email).await?;
            let found = mails.iter().find(|mail| mail.contains(text));
            Ok(found.map(|mail| mail.subject.clone()).ok_or_else(|| format!("{mails:?}")))
        })
        .await
    }
}

/// A valid shipping address.
pub fn shipping_address() -> Value {
    json!({
        "name": "Ada Example", "line1": "1 Sample Street", "postal_code": "10115", "city": "Berlin", "country": "DE",
    })
}

/// A mail in the emulated SES.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Mail {
    to: Vec<String>,
    pub subject: String,
    #[serde(rename = "BodyText")]
    text: String,
    #[serde(rename = "BodyHtml", default)]
    html: String,
}

impl Mail {
    /// All mails to `address`.
    pub async fn to(mailbox: &str, address: &str) -> Result<Vec<Self>> {
        let mails = Self::all(mailbox).await?.into_iter();
        Ok(mails.filter(|mail| mail.to.iter().any(|to| to == address)).collect())
    }

    /// All mails, oldest first.
    pub async fn all(mailbox: &str) -> Result<Vec<Self>> {
        #[derive(Deserialize)]
        struct Mailbox {
            /// By account.
            messages: std::collections::HashMap<String, Vec<Mail>>,
        }
        let mailbox: Mailbox = Client::new(mailbox)?.get("").await?.json(200)?;
        Ok(mailbox.messages.into_values().flatten().collect())
    }

    /// The id of the order that the mail is about, if any.
    pub fn order_id(&self) -> Option<OrderId> {
        self.text
            .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
            .find_map(|word| word.parse().ok())
    }

    /// True if both of its bodies contain `text`.
    pub fn contains(&self, text: &str) -> bool {
        self.text.contains(text) && self.html.contains(text)
    }
}

/// Polls every 100 ms until `probe` returns `Ok`. The inner `Err` is the current state, for the message.
pub async fn until<T>(expected: &str, mut probe: impl AsyncFnMut() -> Result<Result<T, String>>) -> Result<T> {
    let began = Instant::now();
    loop {
        match probe().await? {
            Ok(found) => return Ok(found),
            Err(seen) if began.elapsed() > SETTLE_LIMIT => {
                bail!("expected {expected} within {} s, got {seen}", SETTLE_LIMIT.as_secs());
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// The first variant in stock on the page at `path`.
pub async fn first_in_stock(anonymous: &Client, path: &str) -> Result<Variant> {
    let page: Page = anonymous.get(path).await?.json(200)?;
    ensure!(!page.items.is_empty(), "GET {path}: no products");
    let mut variants = page.items.into_iter().flat_map(|product| product.variants);
    variants.find(|variant| variant.in_stock).with_context(|| format!("GET {path}: nothing is in stock"))
}
