//! The units, in the order that `infra/terraform/README.md` gives for an account's first time.

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use stack::{
    aws_api::AwsApi,
    provision::secrets,
    units::{self, Units},
};

use super::artifacts::Artifacts;
use crate::orchestration::{build::Binaries, progress::Progress};

/// The domain of the profile `dev`.
const DOMAIN: &str = "dev.shop.example";

/// Which image the services would be. Nobody pulls it: they run as processes.
const IMAGE: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// The origin's secret of edge. Here it opens nothing: requests take the API's own door.
const ORIGIN_SECRET: &str = "0000000000000000000000000000000000000000";

/// An empty account, and those who fill it.
#[derive(Debug)]
pub struct BringUp {
    /// What is applied.
    pub units: Units,
    /// The account, for its root.
    pub aws: SdkConfig,
    /// The same, by hand.
    pub root: AwsApi,
    /// What a person sees meanwhile.
    pub progress: Progress,
}

/// What only the place knows.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a> {
    /// The hosted zone, as [`BringUp::foundation`] has told.
    pub zone: &'a str,
    /// The card processor's API.
    pub processor: &'a str,
    /// What payment shows to it.
    pub processor_key: &'a str,
    /// product's database.
    pub database: &'a str,
}

impl BringUp {
    /// What an account needs first, and the platform, which needs no program. Returns the hosted zone.
    pub async fn foundation(&self) -> Result<String> {
        self.root.create_bucket(units::STATES).await?;
        let zone = self.root.create_zone(DOMAIN).await?;
        self.apply("platform, without its authoriser", "platform", platform(&zone, false)).await?;
        Ok(zone)
    }

    /// All the rest. The issuer of tokens is behind the API that is to believe it: so the API came first; then come the
    /// issuer, and the belief.
    pub async fn rest(&self, binaries: &Binaries, values: Values<'_>) -> Result<()> {
        let bucket = parameter(&self.root, "artifacts_bucket").await?;
        let upload = Artifacts::upload(&self.root, &bucket, binaries);
        let artifacts = self.progress.step("zips of the functions", upload).await?;
        let relay = artifacts.of("outbox-relay")?;
        let user = |issuer_answers: bool| {
            let artifact = artifacts.of("user")?;
            anyhow::Ok(json!({ "issuer_answers": issuer_answers, "artifact": artifact, "relay_artifact": relay }))
        };
        self.apply("user, its public routes", "user", user(false)?).await?;
        self.apply("platform", "platform", platform(values.zone, true)).await?;

        let payment = artifacts.of("payment")?;
        let rest: [(&str, Value); 7] = [
            ("edge", json!({ "hosted_zone_id": values.zone, "origin_secret": ORIGIN_SECRET })),
            ("user", user(true)?),
            ("product", json!({ "image_digest": IMAGE })),
            ("order", json!({ "image_digest": IMAGE, "relay_artifact": relay })),
            ("payment", json!({ "artifact": payment, "relay_artifact": relay, "stripe_api_base": values.processor })),
            ("notification", json!({ "artifact": artifacts.of("notification")? })),
            ("delivery", json!({ "state_bucket": units::STATES })),
        ];
        let count = rest.len();
        // At once: most of the time they wait for what AWS would take its time for.
        let all = rest.into_iter().map(|(unit, variables)| self.apply(unit, unit, variables));
        stream::iter(all).buffer_unordered(count).try_collect::<Vec<()>>().await?;

        // What operators put into Secrets Manager by hand, so that no state ever holds it.
        secrets::secret(&self.aws, &units::name("product-database-url"), values.database).await?;
        secrets::secret(&self.aws, &units::name(secrets::PROCESSOR_KEY), values.processor_key).await?;
        Ok(())
    }

    async fn apply(&self, what: &str, unit: &str, variables: Value) -> Result<()> {
        self.progress.step(what, self.units.apply(unit, &variables)).await
    }
}

fn platform(zone: &str, issuer_answers: bool) -> Value {
    json!({ "hosted_zone_id": zone, "issuer_answers": issuer_answers })
}

/// What the platform says about itself.
pub async fn parameter(root: &AwsApi, name: &str) -> Result<String> {
    let name = format!("/shop/{}/platform/{name}", units::ENVIRONMENT);
    let answer = root.json("ssm", "AmazonSSM.GetParameter", &json!({ "Name": name })).await?;
    Ok(answer["Parameter"]["Value"].as_str().with_context(|| format!("no parameter {name}"))?.to_owned())
}
