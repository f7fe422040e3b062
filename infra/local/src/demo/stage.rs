//! Where the acts are played: the shop, what was bought in earlier acts, and the printed script.

use std::{
    cell::Cell,
    future::Future,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use stack::api::{self as shopper, Client, Shopper};

use super::Venue;
use crate::orchestration::Account;

/// The stack that is played on, and the counter of steps.
pub struct Stage {
    /// The front door, for somebody who has not signed in.
    pub anonymous: Client,
    /// The page with every mail that was sent.
    pub mailbox: String,
    staff: Account,
    began: Instant,
    steps: Cell<usize>,
}

impl Stage {
    /// The stage in a running shop.
    pub fn new(venue: &Venue) -> Result<Self> {
        let staff = venue.accounts.get("staff").context("the shop has no account `staff`")?;
        Ok(Self {
            anonymous: Client::anonymous(&venue.front_door)?,
            mailbox: venue.mails.clone(),
            staff: staff.clone(),
            began: Instant::now(),
            steps: Cell::new(0),
        })
    }

    /// Prints the title of an act.
    pub fn act(&self, title: &str) {
        println!("\n{title}");
    }

    /// Does a step and prints what came of it: `work` returns that with its outcome.
    pub async fn step<T>(&self, name: &str, work: impl Future<Output = Result<(T, String)>>) -> Result<T> {
        let began = Instant::now();
        let (outcome, note) = work.await.with_context(|| format!("step `{name}` came out wrong"))?;
        self.steps.set(self.steps.get() + 1);
        println!("  {name:<26} {:>6} ms   {note}", began.elapsed().as_millis());
        Ok(outcome)
    }

    /// A new customer, signed in.
    pub async fn new_customer(&self) -> Result<Shopper> {
        let (email, password) = Shopper::credentials();
        self.step("sign up", async {
            shopper::sign_up(&self.anonymous, &email, &password, "Ada Example").await?;
            Ok(((), email.clone()))
        })
        .await?;
        self.step("sign in", async {
            let shopper = shopper::sign_in(&self.anonymous, &email, &password).await?;
            Ok((shopper, "an access token".to_owned()))
        })
        .await
    }

    /// The local staff account, signed in.
    pub async fn staff(&self) -> Result<Shopper> {
        self.step("staff signs in", async {
            let staff = shopper::sign_in(&self.anonymous, &self.staff.email, &self.staff.password).await?;
            Ok((staff, self.staff.email.clone()))
        })
        .await
    }

    /// How many steps were done.
    pub fn steps(&self) -> usize {
        self.steps.get()
    }

    /// Since the curtain rose.
    pub fn total(&self) -> Duration {
        self.began.elapsed()
    }
}
