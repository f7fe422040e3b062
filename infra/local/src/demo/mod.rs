//! The shop's main job, walked through the front door like a customer would: three acts, each step checked and timed.

mod client;
mod shopper;
mod stage;

mod buys;
mod declined;
mod sold_out;

use anyhow::Result;

pub use client::Client;
pub use shopper::{sign_in, sign_up};

use crate::stack::Record;
use stage::Stage;

/// Plays all acts on a running stack. The first step that comes out wrong is the error.
pub async fn play(stack: &Record) -> Result<()> {
    let stage = Stage::new(stack)?;
    buys::play(&stage).await?;
    declined::play(&stage).await?;
    sold_out::play(&stage).await?;
    println!("\nAll {} steps came out as they should, in {:.1} s.", stage.steps(), stage.total().as_secs_f64());
    Ok(())
}
