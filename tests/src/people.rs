//! A shopper and somebody of the staff, at the front door.

use std::time::Duration;

use contracts::{Money, Sku};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use stack::testing::eventually;
use uuid::Uuid;

use crate::Answer;

/// How long an order may take to come to rest while nothing is broken.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody with an access token.
#[derive(Debug, Clone)]
pub struct Shopper {
    client: Client,
    front_door: String,
    /// Where mails to them go.
    pub email: String,
    /// Their account's password.
    pub password: String,
    /// Their access token.
    pub token: String,
}

/// A new name for one request.
pub fn new_key() -> String {
    Uuid::new_v4().to_string()
}

/// Where the tests have things sent to.
pub fn address() -> Value {
    json!({ "name": "Ada Lovelace", "line1": "12 St James's Square", "postal_code": "SW1Y 4JH", "city": "London", "country": "GB" })
}

impl Shopper {
    /// Opens an account and signs in.
    pub async fn sign_up(client: &Client, front_door: &str) -> Self {
        let email = format!("{}@example.com", Uuid::new_v4().simple());
        let password = Uuid::new_v4().to_string();
        let account = json!({ "email": email, "password": password, "name": "Ada", "locale": "en" });
        Answer::to(client.post(format!("{front_door}/v1/users")).json(&account)).await.expect(202);
        Self::sign_in(client, front_door, &email, &password).await
    }

    /// Signs in to an account that exists.
    pub async fn sign_in(client: &Client, front_door: &str, email: &str, password: &str) -> Self {
        let grant = json!({ "grant_type": "password", "email": email, "password": password });
        let token = Answer::to(client.post(format!("{front_door}/v1/auth/token")).json(&grant)).await.expect(200);
        Self {
            client: client.clone(),
            front_door: front_door.to_owned(),
            email: email.to_owned(),
            password: password.to_owned(),
            token: token["access_token"].as_str().expect("an access token").to_owned(),
        }
    }

    /// The same person with another access token.
    pub fn with_token(&self, token: impl Into<String>) -> Self {
        Self { token: token.into(), ..self.clone() }
    }

    /// A request of theirs.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.front_door)).bearer_auth(&self.token)
    }

    /// Reads.
    pub async fn get(&self, path: &str) -> Answer {
        Answer::to(self.request(Method::GET, path)).await
    }

    /// Sends a body under a new idempotency key.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::to(self.request(Method::POST, path).header("idempotency-key", new_key()).json(body)).await
    }

    /// Puts `quantity` pieces into the cart, and waits until the catalogue's news have reached the carts.
    pub async fn put_in_cart(&self, sku: &Sku, quantity: u32) {
        let path = format!("/v1/cart/items/{sku}");
        Answer::to(self.request(Method::PUT, &path).json(&json!({ "quantity": quantity }))).await.expect(200);
    }

    /// The request that orders what is in the cart.
    pub fn checkout(&self, key: &str, card: &str) -> RequestBuilder {
        let body = json!({ "payment_method": card, "shipping_address": address() });
        self.request(Method::POST, "/v1/orders").header("idempotency-key", key).json(&body)
    }

    /// Orders `quantity` pieces; the order's id.
    pub async fn order(&self, sku: &Sku, quantity: u32, card: &str) -> String {
        self.put_in_cart(sku, quantity).await;
        let order = Answer::to(self.checkout(&new_key(), card)).await.expect(202);
        order["id"].as_str().expect("an order has an id").to_owned()
    }

    /// The order as it is now.
    pub async fn read_order(&self, id: &str) -> Value {
        self.get(&format!("/v1/orders/{id}")).await.expect(200)
    }

    /// The order, when it is in one of these states.
    pub async fn order_in(&self, id: &str, states: &[&str]) -> Value {
        eventually(&format!("order {id} in {states:?}"), PATIENCE, async || {
            let order = self.read_order(id).await;
            states.contains(&order["status"].as_str()?).then_some(order)
        })
        .await
    }

    /// The order, when it waits for another card.
    pub async fn order_declined(&self, id: &str) -> Value {
        eventually(&format!("order {id} declined"), PATIENCE, async || {
            let order = self.read_order(id).await;
            (order["payment"]["status"] == "declined").then_some(order)
        })
        .await
    }
}

/// Stock of one SKU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stock {
    /// Pieces that can be reserved.
    pub available: i64,
    /// Pieces set aside for orders that are not confirmed.
    pub reserved: i64,
    /// Pieces of confirmed orders.
    pub sold: i64,
}

impl Stock {
    /// So many pieces in each state.
    pub const fn of(available: i64, reserved: i64, sold: i64) -> Self {
        Self { available, reserved, sold }
    }
}

/// Somebody of the shop's staff.
#[derive(Debug, Clone)]
pub struct Staff(pub Shopper);

impl Staff {
    /// Stock of a SKU as it is now.
    pub async fn stock(&self, sku: &Sku) -> Stock {
        let stock = self.0.get(&format!("/v1/inventory/{sku}")).await.expect(200);
        let pieces = |name: &str| stock[name].as_i64().expect("a number of pieces");
        Stock { available: pieces("available"), reserved: pieces("reserved"), sold: pieces("sold") }
    }

    /// Waits until the stock of a SKU is this: events may still be on their way.
    pub async fn stock_becomes(&self, sku: &Sku, wanted: Stock) {
        eventually(&format!("stock of {sku} as {wanted:?}"), PATIENCE, async || {
            (self.stock(sku).await == wanted).then_some(())
        })
        .await;
    }

    /// Changes what is available by counting.
    pub async fn adjust(&self, sku: &Sku, delta: i64) {
        let body = json!({ "delta": delta, "reason": "stock-taking" });
        self.0.post(&format!("/v1/inventory/{sku}/adjustments"), &body).await.expect(201);
    }

    /// Gives a SKU a new price, and waits until carts know it.
    pub async fn change_price(&self, product: &str, sku: &Sku, price: Money) {
        let path = format!("/v1/products/{product}");
        let current = self.0.get(&path).await;
        let etag = current.headers["etag"].clone();
        let body = json!({ "prices": { (sku.as_str()): price } });
        Answer::to(self.0.request(Method::PATCH, &path).header("if-match", etag).json(&body)).await.expect(200);
    }
}
