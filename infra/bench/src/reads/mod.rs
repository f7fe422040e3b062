//! `cargo measure reads`: CPU per request of product and of PostgreSQL, for each kind of read and size of the
//! catalogue, beside a bare handler with the same statements.

mod bare;

use std::{
    fs::{self, File},
    io::BufWriter,
    path::Path,
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use reqwest::Client;
use serde_json::{Value, json};
use stack::{
    build::{Binaries, build_deployed},
    emulator,
    postgres::{Postgres, Settings},
    process::tail,
    python::{self, Python},
    ready::answers,
    testing,
    topology::Topology,
};
use tokio::process::Child;

pub use self::bare::serve;
use crate::{
    catalogue,
    startup::{provision, spawn},
    table::table,
};

/// Bar of PostgreSQL's CPU per request, in milliseconds.
const POSTGRES_BAR: f64 = 2.0;

/// Bar of product's CPU per request, as a multiple of the bare handler's.
const PRODUCT_BAR: f64 = 1.25;

/// Requests of a kind that are measured, after a tenth as many that are not.
const REQUESTS: usize = 500;

/// Requests at a time.
const AT_ONCE: usize = 4;

/// Rounds of each kind, in turns with the bare handler. The smallest figures count: other load only adds.
const ROUNDS: usize = 3;

const READY_LIMIT: Duration = Duration::from_secs(30);

/// Name, parameters of the list, and the same as a search of product's store.
fn kinds() -> Vec<(&'static str, &'static str, Value)> {
    let search = |changes: Value| {
        let mut search = json!({"text": null, "category": null, "min_price": null, "max_price": null, "in_stock": null,
            "sort": "newest"});
        let (Some(all), Some(changes)) = (search.as_object_mut(), changes.as_object()) else { return search };
        all.extend(changes.clone());
        search
    };
    vec![
        ("newest", "", search(json!({}))),
        ("category, by price", "category=kitchen&sort=price", search(json!({"category": "kitchen", "sort": "price"}))),
        ("in stock", "in_stock=true", search(json!({"in_stock": true}))),
        ("sold out, by name", "in_stock=false&sort=name", search(json!({"in_stock": false, "sort": "name"}))),
        (
            "wide price range, by name",
            "min_price=2000&max_price=6000&sort=name",
            search(json!({"min_price": 2000, "max_price": 6000, "sort": "name"})),
        ),
        (
            "narrow price range, newest",
            "min_price=2000&max_price=2050",
            search(json!({"min_price": 2000, "max_price": 2050})),
        ),
        (
            "all filters, by -price",
            "category=kitchen&in_stock=true&min_price=2000&max_price=6000&sort=-price",
            search(json!({"category": "kitchen", "in_stock": true, "min_price": 2000, "max_price": 6000,
                "sort": "-price"})),
        ),
        ("search, one word", "q=kettle", search(json!({"text": "kettle", "sort": "relevance"}))),
        ("search, two words", "q=copper%20kettle", search(json!({"text": "copper kettle", "sort": "relevance"}))),
        ("search, word of every product", "q=collection", search(json!({"text": "collection", "sort": "relevance"}))),
        ("search, typo", "q=ketle", search(json!({"text": "ketle", "sort": "relevance"}))),
        (
            "search, in stock, by price",
            "q=kettle&in_stock=true&sort=price",
            search(json!({"text": "kettle", "in_stock": true, "sort": "price"})),
        ),
    ]
}

/// Measures the programs in `programs`, or a new build, with catalogues of these sizes.
pub async fn reads(sizes: &[u32], programs: Option<&Path>) -> Result<ExitCode> {
    let topology = Topology::load()?;
    let binaries = match programs {
        Some(folder) => Binaries::of_folder(folder, &topology),
        None => build_deployed(&topology).await?,
    };
    let (product, folder) = (binaries.path("product")?, testing::folder("reads").await);
    let python = Python::ensure(&python::target_dir()?).await?;
    let (data_dir, log) = (folder.join("postgres"), folder.join("postgres.log"));
    let postgres = Postgres::start(&python, Settings { port: None, data_dir, log, keep: false }).await?;
    let values = provision(&topology, testing::aws().await.endpoint()).await?;
    let (mut rows, mut missed) = (Vec::new(), 0);
    for &size in sizes {
        eprintln!("importing {size} products");
        let url = postgres.create_database(&format!("reads{size}")).await?;
        let [product_at, bare_at] =
            [emulator::free_port()?, emulator::free_port()?].map(|port| format!("127.0.0.1:{port}"));
        let values = values.with("listen_addr", &product_at).with("database_url", url.clone());
        let environment = values.environment("product")?;
        let (log, file) = (folder.join(format!("product-{size}.log")), folder.join(format!("{size}.json")));
        catalogue::write(size, BufWriter::new(File::create(&file)?))?;
        let file = file.display().to_string();
        for arguments in [&["migrate"][..], &["import", &file]] {
            let status = spawn(product, arguments, &environment, &log)?.wait().await?;
            ensure!(status.success(), "product {arguments:?} ended with {status}:\n{}", tail(&log));
        }
        bare::sell_out(&url).await?;
        let service = spawn(product, &[], &environment, &log)?;
        let itself = std::env::current_exe()?;
        let arguments = ["bare-reads", "--listen-addr", &bare_at, "--database-url", &url];
        let bare = spawn(&itself, &arguments, &environment, &folder.join(format!("bare-{size}.log")))?;
        let [product_at, bare_at] = [product_at, bare_at].map(|address| format!("http://{address}"));
        answers(&format!("{product_at}/v1/categories"), READY_LIMIT).await.with_context(|| tail(&log))?;
        answers(&format!("{bare_at}/0"), READY_LIMIT).await?;
        for (number, (name, query, _)) in kinds().into_iter().enumerate() {
            let (mut own, mut plain, mut database) = (f64::MAX, f64::MAX, f64::MAX);
            for _ in 0..ROUNDS {
                let measured = drive(&format!("{product_at}/v1/products?{query}"), &service, &postgres).await?;
                (own, database) = (own.min(measured.0), database.min(measured.1));
                plain = plain.min(drive(&format!("{bare_at}/{number}"), &bare, &postgres).await?.0);
            }
            let is_met = database <= POSTGRES_BAR && own <= PRODUCT_BAR * plain;
            missed += usize::from(!is_met);
            let verdict = if is_met { "met" } else { "MISSED" };
            let mut row = vec![name.to_owned(), verdict.to_owned(), size.to_string()];
            row.extend([database, own, plain, own / plain].map(|figure| format!("{figure:.2}")));
            rows.push(row);
        }
    }
    postgres.stop().await;
    let head = ["Read", "Bars are", "Products", "PostgreSQL, ms", "product, ms", "bare handler, ms", "ratio"];
    println!("{}", table(2, &head, &rows));
    println!("CPU per request. Bars: PostgreSQL {POSTGRES_BAR} ms, product {PRODUCT_BAR} times the bare handler.");
    Ok(if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Requests `url`, and returns the milliseconds of CPU per request of its server and of PostgreSQL.
async fn drive(url: &str, server: &Child, postgres: &Postgres) -> Result<(f64, f64)> {
    let client = Client::builder().no_proxy().build()?;
    let request = async |_| -> Result<()> {
        client.get(url).send().await?.error_for_status()?.bytes().await?;
        Ok(())
    };
    let requests =
        async |count: usize| stream::iter(0..count).map(request).buffer_unordered(AT_ONCE).try_collect().await;
    let _: Vec<()> = requests(REQUESTS / 10).await?;
    let server = server.id().context("the server has ended")?;
    let used = || Ok::<_, anyhow::Error>((cpu(server)?, children(postgres.process().pid())?));
    let before = used()?;
    let _: Vec<()> = requests(REQUESTS).await?;
    let after = used()?;
    let each = |nanoseconds: u64| nanoseconds as f64 / 1e6 / REQUESTS as f64;
    Ok((each(after.0 - before.0), each(after.1.saturating_sub(before.1))))
}

/// Nanoseconds of CPU that a process has used, by the scheduler's count of its threads.
fn cpu(pid: u32) -> Result<u64> {
    let mut used = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let count = fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
        used += count.split(' ').next().and_then(|count| count.parse::<u64>().ok()).unwrap_or_default();
    }
    Ok(used)
}

/// Nanoseconds of CPU that the children of a process have used: PostgreSQL has one per connection.
fn children(pid: u32) -> Result<u64> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
    Ok(children.split_whitespace().filter_map(|child| cpu(child.parse().ok()?).ok()).sum())
}
