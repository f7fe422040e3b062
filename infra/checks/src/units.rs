//! Every unit and module of Terraform by itself: format, validity, its own tests; and what it would make, for the rules.
//!
//! - `folder`: which units and modules there are, and the commands on one of them
//! - `messages`: what Terraform says to machines, in few words
//! - `state`: what a unit makes under a profile

mod folder;
mod messages;
mod state;

use std::{future::Future, path::Path};

use anyhow::{Result, bail};
use folder::{Folder, Prepared};
use futures::{StreamExt, TryStreamExt, stream};
use stack::terraform::Terraform;
pub use state::{Resource, State};

use super::report::Report;

/// Commands of Terraform at once: each of them keeps a core busy.
const AT_ONCE: usize = 2;

/// Checks them, and returns what units make under every profile: nothing if a part of it is missing.
pub async fn check(root: &Path, terraform: &Terraform, report: &mut Report) -> Result<Vec<State>> {
    let units = Folder::units(root)?;
    let modules = Folder::modules(root)?;
    let (both, counts) = (units.iter().chain(&modules), format!("{} units, {} modules", units.len(), modules.len()));

    let unformatted = folder::unformatted(root, terraform).await?;
    report.judge("Terraform's files are formatted (`terraform fmt -recursive`)", &counts, unformatted);

    let mut broken = Vec::new();
    for folder in both.clone() {
        match folder.prepare(terraform).await? {
            Prepared::Ready => {}
            Prepared::Broken(findings) => broken.extend(findings),
            Prepared::NoProvider(why) => {
                report.skipped("Terraform's units", why);
                return Ok(Vec::new());
            }
        }
    }
    if !broken.is_empty() {
        report.failed("Terraform's units can be initialised", broken);
        return Ok(Vec::new());
    }

    let findings = of_each(both.clone().map(|folder| folder.validate(terraform))).await?;
    report.judge("Terraform's units and modules are valid", &counts, findings.concat());

    let tested = of_each(both.filter(|folder| folder.has_tests()).map(|folder| folder.test(terraform))).await?;
    let runs: u64 = tested.iter().map(|(runs, _)| runs).sum();
    let findings = tested.into_iter().flat_map(|(_, findings)| findings).collect();
    report.judge("Terraform's own tests pass", format!("{runs} runs"), findings);

    let profiles = folder::profiles(root)?;
    let pairs = profiles.iter().flat_map(|profile| units.iter().map(move |unit| (unit, profile)));
    let pairs = pairs.filter(|(unit, profile)| unit.is_in(root, profile));
    let made = of_each(pairs.map(|(unit, profile)| unit.state(root, terraform, profile))).await?;
    let unseen = units.iter().filter(|unit| !profiles.iter().any(|profile| unit.is_in(root, profile)));
    let mut findings: Vec<String> = unseen.map(|unit| format!("{unit}: no profile has variables for it")).collect();
    let mut states = Vec::new();
    for made in made {
        match made {
            Ok(state) => states.push(state),
            Err(errors) => findings.extend(errors),
        }
    }
    let complete = findings.is_empty();
    report.judge(
        format!("Units can be made as {}", profiles.join(" and ")),
        format!("{} states", states.len()),
        findings,
    );
    Ok(if complete { states } else { Vec::new() })
}

/// What every unit makes under `profile`: `dev` or `prod`. Fails if one of them cannot be made.
pub async fn states(root: &Path, terraform: &Terraform, profile: &str) -> Result<Vec<State>> {
    let units: Vec<_> = Folder::units(root)?.into_iter().filter(|unit| unit.is_in(root, profile)).collect();
    if units.is_empty() {
        bail!("there is no profile `{profile}` in infra/terraform/profiles");
    }
    for unit in &units {
        match unit.prepare(terraform).await? {
            Prepared::Ready => {}
            Prepared::Broken(findings) => bail!("{}", findings.join("\n")),
            Prepared::NoProvider(why) => bail!("{why}"),
        }
    }
    let made = of_each(units.iter().map(|unit| unit.state(root, terraform, profile))).await?;
    made.into_iter().collect::<Result<_, _>>().map_err(|errors| anyhow::anyhow!("{}", errors.join("\n")))
}

/// The results of all, in order, few at a time.
async fn of_each<F: Future<Output = Result<T>>, T>(work: impl Iterator<Item = F>) -> Result<Vec<T>> {
    stream::iter(work).buffered(AT_ONCE).try_collect().await
}
