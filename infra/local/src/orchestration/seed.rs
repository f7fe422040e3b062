//! Local accounts, and the wait for the catalogue in order's read model.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use stack::{
    api::{Client, Response, Shopper},
    aws_api::{AwsApi, text},
    local_env::Environment,
    ready,
    record::Account,
};
use tokio::process::Command;
use uuid::Uuid;

use super::progress::Progress;

/// Name, full name and scopes of each account.
const ACCOUNTS: [(&str, &str, &[&str]); 2] =
    [("customer", "Carla Customer", &["customer"]), ("staff", "Stefan Staff", &["customer", "staff", "admin"])];

/// The queue that fills order's read model of the catalogue.
const READ_MODEL_INBOX: &str = "order-inbox";

/// Limit for the catalogue to reach order, sufficient for ten thousand products.
const CATALOGUE_LIMIT: Duration = Duration::from_secs(600);

/// Inputs of seeding.
#[derive(Debug)]
pub struct Seed<'a> {
    /// URL of the public API.
    pub api: &'a str,
    /// URL of the emulated AWS.
    pub aws: &'a str,
    /// Prefix of the names of queues.
    pub prefix: &'a str,
    /// The imported file.
    pub catalogue: &'a Path,
    /// The program `user` and its environment.
    pub user: (&'a Path, Environment),
    /// Limit for the API to respond.
    pub limit: Duration,
}

impl Seed<'_> {
    /// Waits until the API responds, creates the local accounts that are not in `known`, and waits until order has
    /// received the catalogue. Returns the accounts.
    pub async fn run(
        &self,
        known: &BTreeMap<String, Account>,
        progress: Progress,
    ) -> Result<BTreeMap<String, Account>> {
        progress.step("public API responds", ready::public_api(self.api, self.limit)).await?;
        let accounts = progress.step("local accounts", self.accounts(known)).await?;
        let staff = accounts.get("staff").context("there is no account `staff`")?;
        progress.step("order has received the catalogue", self.wait_for_catalogue(staff)).await?;
        Ok(accounts)
    }

    async fn accounts(&self, known: &BTreeMap<String, Account>) -> Result<BTreeMap<String, Account>> {
        let anonymous = Client::new(self.api)?;
        let mut accounts = BTreeMap::new();
        for (name, full_name, scopes) in ACCOUNTS {
            let account = self.account(&anonymous, known.get(name), name, full_name, scopes).await;
            let account = account.with_context(|| format!("cannot create the local account `{name}`"))?;
            accounts.insert(name.to_owned(), account);
        }
        Ok(accounts)
    }

    async fn account(
        &self,
        anonymous: &Client,
        known: Option<&Account>,
        name: &str,
        full_name: &str,
        scopes: &[&str],
    ) -> Result<Account> {
        if let Some(known) = known
            && Shopper::sign_in(anonymous, &known.email, &known.password).await.is_ok()
        {
            return Ok(known.clone());
        }
        let account = Account {
            email: format!("{name}@shop.localhost"),
            password: Uuid::new_v4().simple().to_string()[..20].to_owned(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        };
        Shopper::register(anonymous, &account.email, &account.password, full_name).await?;
        let (program, environment) = &self.user;
        let scopes = account.scopes.join(",");
        operate(program, &["grant", "--email", &account.email, "--scopes", &scopes], environment).await?;
        let signed_in = ready::until(Duration::from_secs(10), async || {
            Shopper::sign_in(anonymous, &account.email, &account.password).await.map(drop)
        });
        signed_in.await.context("sign-in fails: if stack.json does not match the data folder, use `up --fresh`")?;
        Ok(account)
    }

    /// Waits until the last SKU of the catalogue can be put into a cart, and order's inbox is empty.
    async fn wait_for_catalogue(&self, account: &Account) -> Result<()> {
        if let Some(sku) = last_sku(self.catalogue)? {
            let shopper = Shopper::sign_in(&Client::new(self.api)?, &account.email, &account.password).await?;
            let item = format!("/v1/cart/items/{sku}");
            ready::until(CATALOGUE_LIMIT, async || {
                shopper.client.put(&item, &json!({ "quantity": 1 })).await?.ensure(200)
            })
            .await?;
            Response::try_to(shopper.client.request(Method::DELETE, &item)).await?;
        }
        let aws = &AwsApi::new(self.aws)?;
        let inbox = json!({ "QueueName": format!("{}{READ_MODEL_INBOX}", self.prefix) });
        let url = text(&aws.json("sqs", "AmazonSQS.GetQueueUrl", &inbox).await?, "QueueUrl")?;
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let query = &json!({ "QueueUrl": url, "AttributeNames": names });
        ready::until(CATALOGUE_LIMIT, async || {
            let queue = aws.json("sqs", "AmazonSQS.GetQueueAttributes", query).await?;
            let empty = names.iter().all(|name| queue["Attributes"][name] == "0");
            ensure!(empty, "order's inbox is not empty: {queue}");
            Ok(())
        })
        .await
        .context("order has not received the catalogue")
    }
}

fn last_sku(catalogue: &Path) -> Result<Option<String>> {
    #[derive(Deserialize)]
    struct Catalogue {
        products: Vec<Product>,
    }
    #[derive(Deserialize)]
    struct Product {
        variants: Vec<Variant>,
    }
    #[derive(Deserialize)]
    struct Variant {
        sku: String,
    }
    let text = fs::read_to_string(catalogue).with_context(|| format!("cannot read {}", catalogue.display()))?;
    let catalogue: Catalogue = serde_json::from_str(&text)?;
    Ok(catalogue.products.into_iter().flat_map(|product| product.variants).last().map(|variant| variant.sku))
}

/// Runs an operator's command of a program.
pub async fn operate(program: &Path, arguments: &[&str], environment: &Environment) -> Result<()> {
    let mut command = Command::new(program);
    let output = command.args(arguments).env_clear().envs(environment).kill_on_drop(true).output().await;
    let output = output.with_context(|| format!("cannot start {}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let name = program.file_name().unwrap_or_default().display();
    ensure!(output.status.success(), "`{name} {}` failed with {}:\n{text}", arguments.join(" "), output.status);
    Ok(())
}
