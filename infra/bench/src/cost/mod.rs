//! What the shop costs on AWS: idle by profile, and per million orders.
//!
//! - `drive`: counts the calls of orders that are driven through a local shop
//! - `calls`: what was counted
//! - `prices`: what AWS asks for
//! - `million`: counted calls times prices
//! - `idle`, `free`: what stands there when nobody visits
//! - `table`: all of it as a page
//! - `money`: dollars

mod calls;
mod drive;
mod free;
mod idle;
mod million;
mod money;
mod prices;
mod table;

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, ensure};
use stack::{python, terraform::Terraform, topology::Topology};

use self::{calls::Calls, idle::Idle, prices::Prices, table::Table};
use checks::units;
use stack::{record::Record, workspace_root};

/// The page's name, from the repository's root.
const FILE: &str = "infra/COST.md";

/// The hours of a month, as AWS's own calculator has them.
const HOURS: u128 = 730;

/// The profiles that Terraform has.
const PROFILES: [&str; 2] = ["dev", "prod"];

/// Drives `orders`, and twice as many, through a running stack.
#[derive(Debug)]
pub struct Count {
    /// The stack.
    pub stack: Record,
    /// How many orders the first run has.
    pub orders: u64,
    /// Orders under way at the same time.
    pub at_once: usize,
}

/// Prints the cost table, of what is counted now or was counted before. `write` keeps the table and the count in the
/// repository.
pub async fn tell(count: Option<Count>, write: bool) -> Result<()> {
    let (root, topology) = (workspace_root(), Topology::load()?);
    let prices = Prices::read(&root)?;
    let counted = match &count {
        Some(Count { stack, orders, at_once }) => drive::count(stack, *orders, *at_once).await?,
        None => Calls::read(&root)?,
    };
    // At once: what was counted in minutes must not be lost where Terraform fails.
    if write {
        counted.write(&root)?;
    }
    let idle = idle(&root, &prices, &counted, &topology).await?;
    ensure!(!write || idle.is_some(), "cannot write {FILE}: what an idle shop costs takes Terraform");
    let page = Table { calls: &counted, prices: &prices, topology: &topology, idle }.page()?;
    if write {
        fs::write(root.join(FILE), &page).with_context(|| format!("cannot write {FILE}"))?;
    }
    print!("{page}");
    Ok(())
}

async fn idle(
    root: &Path,
    prices: &Prices,
    calls: &Calls,
    topology: &Topology,
) -> Result<Option<BTreeMap<&'static str, Idle>>> {
    let Some(terraform) = Terraform::find(&python::target_dir()?) else { return Ok(None) };
    let mut months = BTreeMap::new();
    for profile in PROFILES {
        eprintln!("Reading what Terraform makes under {profile}.");
        let states = units::states(root, &terraform, profile).await?;
        months.insert(profile, idle::month(&states, prices, calls, topology)?);
    }
    Ok(Some(months))
}
