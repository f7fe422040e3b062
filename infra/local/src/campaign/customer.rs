//! A customer, who repeats every request until it is answered.

use std::{sync::PoisonError, sync::atomic::Ordering, time::Duration};

use anyhow::{Result, bail};
use contracts::OrderId;
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use stack::{
    api::{Order, Response, Shopper, new_key},
    judge::{FINAL, Violation},
};
use tokio::time::{Instant, sleep, timeout};

use super::{
    Article, Observed, Shop,
    plan::{Course, PlannedOrder, Sending},
};

/// Age at which an access token is renewed. It expires after ten minutes.
pub const TOKEN_AGE: Duration = Duration::from_secs(300);
/// Limit for a request to be answered. Frozen parts and restarts take up to a minute.
const PATIENCE: Duration = Duration::from_secs(300);
/// Limit for an order to reach the state that the customer waits for. After it, the customer acts all the same.
const ATTENTION: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(500);
const GOOD_CARD: &str = "pm_card_visa";
const BAD_CARD: &str = "pm_card_chargeDeclined";

/// A customer and the orders that were acknowledged.
#[derive(Debug)]
pub struct Customer {
    pub shopper: Shopper,
    pub signed_in: Instant,
    pub orders: Vec<OrderId>,
}

/// Registers, and places all orders, one after the other. `None` if the customer could not register.
pub async fn visit(
    shop: &Shop,
    articles: &[Article],
    observed: &Observed,
    orders: &[PlannedOrder],
) -> Option<Customer> {
    let mut customer = None;
    let began = Instant::now();
    while customer.is_none() && began.elapsed() < PATIENCE {
        customer = Shopper::sign_up(&shop.anonymous).await.ok();
        if customer.is_none() {
            sleep(PAUSE).await;
        }
    }
    let Some(shopper) = customer else {
        observed.violation(Violation::lasting("API", "POST /v1/users", "no customer could register"));
        return None;
    };
    let mut customer = Customer { shopper, signed_in: Instant::now(), orders: Vec::new() };
    for order in orders {
        observed.begun.send_modify(|begun| *begun += 1);
        if let Err(error) = customer.order(articles, observed, order).await {
            let email = &customer.shopper.email;
            observed.violation(Violation::lasting("API", email, format!("{error:#}")));
        }
    }
    Some(customer)
}

impl Customer {
    async fn order(&mut self, articles: &[Article], observed: &Observed, planned: &PlannedOrder) -> Result<()> {
        self.persist(&[204, 200], |shopper| shopper.client.request(Method::DELETE, "/v1/cart")).await?;
        for (article, quantity) in &planned.lines {
            let path = format!("/v1/cart/items/{}", articles[*article].sku);
            let body = json!({ "quantity": quantity });
            self.persist(&[200], |shopper| shopper.client.request(Method::PUT, &path).json(&body)).await?;
        }
        let card = match planned.course {
            Course::SecondCard | Course::Abandon => BAD_CARD,
            Course::Buy | Course::CancelEarly | Course::CancelLate => GOOD_CARD,
        };
        let began = Instant::now();
        let id = self.check_out(observed, card, planned.sending).await?;
        observed.waits.lock().unwrap_or_else(PoisonError::into_inner).push(began.elapsed());
        observed.acknowledged.fetch_add(1, Ordering::Relaxed);
        self.orders.push(id);
        let is_final = |order: &Order| FINAL.contains(&order.status.as_str());
        match planned.course {
            Course::Buy | Course::Abandon => {}
            Course::CancelEarly => self.act(id, "cancel", &json!({}), 200).await?,
            Course::CancelLate => {
                self.wait(id, is_final).await;
                self.act(id, "cancel", &json!({}), 200).await?;
            }
            Course::SecondCard => {
                let is_declined =
                    |order: &Order| order.payment.as_ref().is_some_and(|payment| payment.status == "declined");
                self.wait(id, |order| is_final(order) || is_declined(order)).await;
                self.act(id, "payment", &json!({ "payment_method": GOOD_CARD }), 202).await?;
            }
        }
        Ok(())
    }

    /// Requests a checkout until it is acknowledged. All requests have the same key, so all responses name one order.
    async fn check_out(&mut self, observed: &Observed, card: &str, sending: Sending) -> Result<OrderId> {
        let key = new_key();
        let request = |shopper: &Shopper| shopper.checkout(&key, card);
        let id = |answer: &Response| answer.body["id"].as_str().and_then(|id| id.parse::<OrderId>().ok());
        let first = match sending {
            Sending::Plain => Vec::new(),
            Sending::Twice => {
                let (one, other) = (request(&self.shopper), request(&self.shopper));
                let (one, other) = tokio::join!(Response::try_to(one), Response::try_to(other));
                vec![one.ok(), other.ok()]
            }
            Sending::LostAnswer(after) => {
                vec![timeout(after, Response::try_to(request(&self.shopper))).await.ok().and_then(Result::ok)]
            }
        };
        let answer = self.persist(&[202], request).await?;
        let Some(acknowledged) = id(&answer) else { bail!("{}: no order in {}", answer.request, answer.body) };
        for other in first.iter().flatten().filter(|answer| answer.status == 202).filter_map(id) {
            if other != acknowledged {
                observed.violation(Violation::lasting("I6", acknowledged, format!("{other} has the same key")));
            }
        }
        Ok(acknowledged)
    }

    /// Requests a change of an order until it is accepted, or the order does not allow it any more.
    async fn act(&mut self, id: OrderId, action: &str, body: &serde_json::Value, accepted: u16) -> Result<()> {
        const ROUNDS: usize = 5;
        let (path, key) = (format!("/v1/orders/{id}/{action}"), new_key());
        for _ in 0..ROUNDS {
            let request = |shopper: &Shopper| {
                shopper.client.request(Method::POST, &path).header("idempotency-key", &key).json(body)
            };
            // 409: the order does not allow it, or another request with the key or about the order is in progress.
            if self.persist(&[accepted, 409], request).await?.status == accepted {
                break;
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Waits until the order satisfies the condition, or for as long as the customer cares.
    async fn wait(&mut self, id: OrderId, condition: impl Fn(&Order) -> bool) {
        let began = Instant::now();
        while began.elapsed() < ATTENTION {
            if self.shopper.order(id).await.is_ok_and(|order| condition(&order)) {
                return;
            }
            sleep(PAUSE).await;
        }
    }

    /// Repeats a request until its status is one of `accepted`. Fails at a response that a repetition does not change.
    async fn persist(&mut self, accepted: &[u16], request: impl Fn(&Shopper) -> RequestBuilder) -> Result<Response> {
        let began = Instant::now();
        loop {
            self.renew().await;
            let answer = Response::try_to(request(&self.shopper)).await;
            match &answer {
                Ok(answer) if accepted.contains(&answer.status.as_u16()) => return Ok(answer.clone()),
                Ok(answer) if !matches!(answer.status.as_u16(), 401 | 408 | 409 | 429 | 500..) => {
                    bail!("{}: {} {}", answer.request, answer.status, answer.body)
                }
                _ if began.elapsed() < PATIENCE => sleep(PAUSE).await,
                Ok(answer) => bail!("{}: {} for {} s", answer.request, answer.status, PATIENCE.as_secs()),
                Err(error) => bail!("for {} s: {error:#}", PATIENCE.as_secs()),
            }
        }
    }

    /// Renews the token before it expires.
    pub async fn renew(&mut self) {
        if self.signed_in.elapsed() > TOKEN_AGE
            && let Ok(again) = self.shopper.renew().await
        {
            (self.shopper, self.signed_in) = (again, Instant::now());
        }
    }
}
