//! `product import`: a catalogue file becomes the catalogue, in one transaction.

use std::{fmt, path::Path, time::Duration};

use anyhow::{Context, bail, ensure};
use chrono::{DateTime, Utc};
use contracts::{Envelope, EventId, ProductId};
use reqwest::Url;
use sqlx::{PgConnection, PgPool};

use crate::{
    domain::{
        catalogue::{self, Catalogue, CatalogueFile, FileProduct, MAX_VARIANTS},
        product::Product,
    },
    store::{categories, outbox, products, stock},
};

/// Serialises imports: a name for an advisory lock of the database.
const IMPORT_LOCK: i64 = 0x696d_706f_7274;

/// How long a server of catalogues may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long it may take to hand over the file.
const FETCH_TIMEOUT: Duration = Duration::from_secs(60);

/// How many products one statement writes.
const CHUNK: usize = 500;

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// Categories that were not there, or had another name.
    pub categories: u64,
    /// Products that were not there.
    pub created: usize,
    /// Products that were different.
    pub changed: usize,
    /// Products that were as in the file. Nothing was written or published for them.
    pub unchanged: usize,
    /// SKUs that were not there, and got the file's stock.
    pub stocked: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { categories, created, changed, unchanged, stocked } = self;
        write!(
            f,
            "products: {created} created, {changed} changed, {unchanged} unchanged; {stocked} SKUs stocked; \
             {categories} categories written"
        )
    }
}

/// Reads and checks a catalogue file. The error lists everything that is wrong with it.
pub fn read(file: &Path) -> anyhow::Result<Catalogue> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
    parse(&name, &text)
}

/// The same, by a link. A task on AWS has no file of ours, nor a disk to put one on; it is given a link that is good for
/// minutes. Such a link is a secret: errors name no more than its host.
pub async fn fetch(link: &Url) -> anyhow::Result<Catalogue> {
    let name = format!("the file at {}", link.host_str().unwrap_or("the link"));
    let client = reqwest::Client::builder().connect_timeout(CONNECT_TIMEOUT).timeout(FETCH_TIMEOUT).build()?;
    let answer = async { client.get(link.clone()).send().await?.error_for_status()?.text().await };
    let text = answer.await.map_err(reqwest::Error::without_url).with_context(|| format!("cannot read {name}"))?;
    parse(&name, &text)
}

fn parse(name: &str, text: &str) -> anyhow::Result<Catalogue> {
    let parsed: CatalogueFile = serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(text))
        .with_context(|| format!("{name} is not a catalogue"))?;
    Catalogue::try_from(parsed).map_err(|wrong| anyhow::anyhow!("{name} is not valid:\n  {}", wrong.join("\n  ")))
}

/// Writes a catalogue: all of it, or nothing.
pub async fn run(pool: &PgPool, catalogue: Catalogue, now: DateTime<Utc>) -> anyhow::Result<Report> {
    let Catalogue { currency, categories: wanted_categories, products: wanted } = catalogue;
    let mut transaction = pool.begin().await?;
    sqlx::query("select pg_advisory_xact_lock($1)").bind(IMPORT_LOCK).execute(&mut *transaction).await?;

    let present_currency = products::currency(&mut transaction, currency).await?;
    ensure!(
        currency == present_currency,
        "the file's prices are in {}, the catalogue's in {}",
        currency.code(),
        present_currency.code()
    );
    let categories = categories::save(&mut transaction, &wanted_categories).await?;
    let slugs: Vec<_> = wanted.iter().map(|product| product.slug.as_str()).collect();
    let present = products::lock_all(&mut transaction, &slugs).await?;
    refuse_strangers_skus(&mut transaction, &wanted).await?;

    let changes = catalogue::changes(present, wanted, ProductId::generate);
    let written: Vec<&Product> = changes.created.iter().chain(&changes.changed).collect();
    refuse_too_many_variants(&written)?;
    for chunk in written.chunks(CHUNK) {
        products::save(&mut transaction, chunk, now).await?;
        let snapshot = |product: &&Product| {
            Envelope::new(EventId::generate(), product.id, product.version, now, product.snapshot())
        };
        outbox::add(&mut transaction, &chunk.iter().map(snapshot).collect::<Vec<_>>()).await?;
    }
    stock::introduce(&mut transaction, &changes.stocked, now).await?;
    categories::count(&mut transaction, &changes.listed).await?;
    transaction.commit().await?;
    if !written.is_empty() {
        products::analyze(pool).await?;
    }
    Ok(Report {
        categories,
        created: changes.created.len(),
        changed: changes.changed.len(),
        unchanged: changes.unchanged,
        stocked: changes.stocked.len(),
    })
}

/// Variants that a file no longer names stay, so that a product can grow beyond what one file may say of it.
fn refuse_too_many_variants(products: &[&Product]) -> anyhow::Result<()> {
    let large: Vec<_> = products
        .iter()
        .filter(|product| product.variants.len() > MAX_VARIANTS)
        .map(|product| format!("{} would have {} with those it has already", product.slug, product.variants.len()))
        .collect();
    if !large.is_empty() {
        bail!("a product has at most {MAX_VARIANTS} variants:\n  {}", large.join("\n  "));
    }
    Ok(())
}

/// A SKU belongs to one product for ever: orders and the ledger refer to it.
async fn refuse_strangers_skus(connection: &mut PgConnection, wanted: &[FileProduct]) -> anyhow::Result<()> {
    let skus: Vec<_> =
        wanted.iter().flat_map(|product| &product.variants).map(|variant| variant.sku.as_str()).collect();
    let owners = products::owners(connection, &skus).await?;
    let moved: Vec<_> = wanted
        .iter()
        .flat_map(|product| product.variants.iter().map(move |variant| (product, variant)))
        .filter_map(|(product, variant)| {
            let owner = owners.get(variant.sku.as_str()).filter(|owner| *owner != product.slug.as_str())?;
            Some(format!("{} belongs to {owner}, not to {}", variant.sku, product.slug))
        })
        .collect();
    if !moved.is_empty() {
        bail!("a SKU cannot move to another product:\n  {}", moved.join("\n  "));
    }
    Ok(())
}
