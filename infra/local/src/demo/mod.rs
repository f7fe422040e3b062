//! The shop's main job, walked through the front door like a customer would: three acts, each step checked and timed.

mod stage;

mod buys;
mod declined;
mod sold_out;

use std::collections::BTreeMap;

use anyhow::Result;

use crate::orchestration::{Account, Record};
use stage::Stage;

/// A shop that runs, as the acts need it.
#[derive(Debug)]
pub struct Venue {
    /// The shop's HTTP API.
    pub front_door: String,
    /// Every e-mail that was sent.
    pub mails: String,
    /// Who can sign in, by name.
    pub accounts: BTreeMap<String, Account>,
}

impl From<Record> for Venue {
    fn from(stack: Record) -> Self {
        Self { front_door: stack.urls.front_door, mails: stack.urls.mails, accounts: stack.accounts }
    }
}

/// Plays all acts. The first step that comes out wrong is the error.
pub async fn play(venue: &Venue) -> Result<()> {
    let stage = Stage::new(venue)?;
    buys::play(&stage).await?;
    declined::play(&stage).await?;
    sold_out::play(&stage).await?;
    println!("\nAll {} steps came out as they should, in {:.1} s.", stage.steps(), stage.total().as_secs_f64());
    Ok(())
}
