//! `product import`: writes a catalogue file to the database, in one transaction.

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

/// Key of the advisory lock that serializes imports.
const IMPORT_LOCK: i64 = 0x696d_706f_7274;

/// Time limit for connecting to the server of a file.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Time limit for the download of a file.
const FETCH_TIMEOUT: Duration = Duration::from_secs(60);

/// Products per statement.
const CHUNK: usize = 500;

/// Result of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// Number of new and renamed categories.
    pub categories: u64,
    /// Number of new products.
    pub created: usize,
    /// Number of products that differed from the file.
    pub changed: usize,
    /// Number of products that equaled the file. Nothing was written or published for them.
    pub unchanged: usize,
    /// Number of new SKUs, which got their initial stock.
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

/// Reads and validates a catalogue file. The error lists all violations.
pub fn read(file: &Path) -> anyhow::Result<Catalogue> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).with_context(|| format!("could not read {name}"))?;
    parse(&name, &text)
}

/// Downloads and validates a catalogue file. Tasks on AWS have no disk; they get a presigned URL that expires after
/// minutes. Such a URL is a secret: errors contain only its host.
pub async fn fetch(url: &Url) -> anyhow::Result<Catalogue> {
    let name = format!("the file at {}", url.host_str().unwrap_or("the URL"));
    let client = reqwest::Client::builder().connect_timeout(CONNECT_TIMEOUT).timeout(FETCH_TIMEOUT).build()?;
    let download = async { client.get(url.clone()).send().await?.error_for_status()?.text().await };
    let text = download.await.map_err(reqwest::Error::without_url).with_context(|| format!("could not read {name}"))?;
    parse(&name, &text)
}

fn parse(name: &str, text: &str) -> anyhow::Result<Catalogue> {
    let parsed: CatalogueFile = serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(text))
        .with_context(|| format!("{name} is not a catalogue"))?;
    Catalogue::try_from(parsed).map_err(|errors| anyhow::anyhow!("{name} is not valid:\n  {}", errors.join("\n  ")))
}

/// Writes a catalogue completely, or not at all.
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
    check_sku_owners(&mut transaction, &wanted).await?;

    let changes = catalogue::changes(present, wanted, ProductId::generate);
    let written: Vec<&Product> = changes.created.iter().chain(&changes.changed).collect();
    check_variant_limit(&written)?;
    for chunk in written.chunks(CHUNK) {
        products::save(&mut transaction, chunk, now).await?;
        let snapshot = |product: &&Product| {
            Envelope::new(EventId::generate(), product.id, product.version, now, product.snapshot())
        };
        outbox::add(&mut transaction, &chunk.iter().map(snapshot).collect::<Vec<_>>()).await?;
    }
    stock::insert(&mut transaction, &changes.stocked, now).await?;
    categories::add_listed(&mut transaction, &changes.listed).await?;
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

/// Checks the limit of variants again: variants that a file no longer names are kept, so that a product may exceed it.
fn check_variant_limit(products: &[&Product]) -> anyhow::Result<()> {
    let large: Vec<_> = products
        .iter()
        .filter(|product| product.variants.len() > MAX_VARIANTS)
        .map(|product| format!("{} would have {}, including its present ones", product.slug, product.variants.len()))
        .collect();
    if !large.is_empty() {
        bail!("a product has at most {MAX_VARIANTS} variants:\n  {}", large.join("\n  "));
    }
    Ok(())
}

/// Checks that no SKU moves to another product: orders and the ledger refer to it.
async fn check_sku_owners(connection: &mut PgConnection, wanted: &[FileProduct]) -> anyhow::Result<()> {
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
