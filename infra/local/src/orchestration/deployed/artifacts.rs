//! The functions' zips, where a release puts them: in the platform's bucket of artifacts.

use anyhow::{Context, Result};
use futures::future::try_join_all;
use serde_json::{Value, json};
use stack::{aws_api::AwsApi, provision::package};
use tokio::task::spawn_blocking;

use crate::orchestration::build::Binaries;

/// The programs of the functions.
const PROGRAMS: [&str; 4] = ["user", "payment", "notification", "outbox-relay"];

/// What units are told of the zips.
#[derive(Debug)]
pub struct Artifacts(Vec<(&'static str, Value)>);

impl Artifacts {
    /// Zips the programs, and puts them into `bucket`.
    pub async fn upload(aws: &AwsApi, bucket: &str, binaries: &Binaries) -> Result<Self> {
        let uploads = PROGRAMS.map(async |program| {
            let binary = binaries.path(program)?.clone();
            let zip = spawn_blocking(move || package::zip(&std::fs::read(&binary)?)).await??;
            let key = format!("functions/{program}.zip");
            let version = aws.put_object(bucket, &key, zip).await?;
            anyhow::Ok((program, json!({ "key": key, "version": version })))
        });
        Ok(Self(try_join_all(uploads).await?))
    }

    /// The zip of `program`, as the variables `artifact` and `relay_artifact` want it.
    pub fn of(&self, program: &str) -> Result<Value> {
        let found = self.0.iter().find(|(name, _)| *name == program);
        Ok(found.with_context(|| format!("{program} is no function's program"))?.1.clone())
    }
}
