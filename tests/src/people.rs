//! Customers and staff: the shopper of the test kit, with panics in place of errors.

use std::{ops::Deref, time::Duration};

use contracts::{Money, OrderId, Sku};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use stack::{
    api::{self, Client, Response},
    testing::eventually,
};

pub use stack::api::Stock;

/// Limit for an order to settle while no part fails.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A user who has signed in.
#[derive(Debug, Clone)]
pub struct Shopper(api::Shopper);

impl Deref for Shopper {
    type Target = api::Shopper;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Shopper {
    /// Registers and signs in.
    pub async fn sign_up(anonymous: &Client) -> Self {
        Self(api::Shopper::sign_up(anonymous).await.expect("a new account signs in"))
    }

    /// Signs in to an existing account.
    pub async fn sign_in(anonymous: &Client, email: &str, password: &str) -> Self {
        Self(api::Shopper::sign_in(anonymous, email, password).await.expect("the account signs in"))
    }

    /// The same user with another access token.
    pub fn with_token(&self, token: impl Into<String>) -> Self {
        let token = token.into();
        Self(api::Shopper { client: self.client.with_token(&token), token, ..self.0.clone() })
    }

    /// The same user as a client of the service at `url`, without the public API.
    pub fn at(&self, url: &str) -> Self {
        let client = Client::new(url).expect("a client").with_token(&self.token);
        Self(api::Shopper { client, ..self.0.clone() })
    }

    /// A request of this user.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, path)
    }

    /// `GET path`.
    pub async fn get(&self, path: &str) -> Response {
        Response::to(self.request(Method::GET, path)).await
    }

    /// `POST path` with a new idempotency key.
    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.client.post(path, body).await.expect("a response")
    }

    /// Sets the quantity of a SKU in the cart.
    pub async fn put_in_cart(&self, sku: &Sku, quantity: u32) {
        self.0.put_in_cart(sku, quantity).await.expect("the cart takes the SKU");
    }

    /// Orders `quantity` pieces. Returns the order's id.
    pub async fn order(&self, sku: &Sku, quantity: u32, payment_method: &str) -> String {
        self.put_in_cart(sku, quantity).await;
        self.checkout_id(payment_method).await
    }

    /// Orders the content of the cart. Returns the order's id.
    pub async fn checkout_id(&self, payment_method: &str) -> String {
        self.place_order(payment_method).await.expect("the order is accepted").to_string()
    }

    /// The order.
    pub async fn read_order(&self, id: &str) -> Value {
        self.get(&format!("/v1/orders/{id}")).await.expect(200)
    }

    /// The order, when it has one of these statuses.
    pub async fn order_in(&self, id: &str, statuses: &[&str]) -> Value {
        self.0.order_in(order_id(id), statuses).await.expect("the order gets there");
        self.read_order(id).await
    }

    /// The order, when its payment is declined.
    pub async fn order_declined(&self, id: &str) -> Value {
        self.0.order_declined(order_id(id)).await.expect("the payment is declined");
        self.read_order(id).await
    }
}

fn order_id(id: &str) -> OrderId {
    id.parse().expect("an order id")
}

/// A member of the staff.
#[derive(Debug, Clone)]
pub struct Staff(pub Shopper);

impl Staff {
    /// The stock of a SKU.
    pub async fn stock(&self, sku: &Sku) -> Stock {
        self.0.stock(sku).await.expect("staff may read the stock")
    }

    /// Waits until the stock of a SKU is `expected`: events may still be on their way.
    pub async fn stock_becomes(&self, sku: &Sku, expected: Stock) {
        eventually(&format!("stock of {sku} as {expected:?}"), PATIENCE, async || {
            (self.stock(sku).await == expected).then_some(())
        })
        .await;
    }

    /// Adjusts the available stock of a SKU.
    pub async fn adjust(&self, sku: &Sku, delta: i64) {
        self.0.adjust(sku, delta).await.expect("staff may adjust the stock");
    }

    /// Sets the price of a SKU.
    pub async fn change_price(&self, product: &str, sku: &Sku, price: Money) {
        self.0.set_price(product.parse().expect("a product id"), sku, price).await.expect("staff may set prices");
    }
}

/// A checkout request without an idempotency key.
pub fn checkout_body(payment_method: &str) -> Value {
    json!({ "payment_method": payment_method, "shipping_address": api::shipping_address() })
}
