//! Resources in the emulated AWS.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::Result;
use aws_config::SdkConfig;
use clap::Args;
use stack::{
    emulator,
    local_env::{Addresses, MAIL_ADDRESS, Override, PROCESSOR_KEY, Values},
    provision::{
        functions, keys,
        load_balancer::Target,
        mail,
        messaging::{self, Messaging},
        public_api, secrets,
        tables::{self, Streams},
    },
    topology::Topology,
};

use super::progress::Progress;

/// Addresses of the parts that programs need.
#[derive(Debug, Clone, Args)]
pub struct Endpoints {
    /// The emulated AWS, as its functions, the services and this tool reach it
    #[arg(long, env = "SHOP_AWS", value_name = "HOST:PORT")]
    pub aws: String,
    /// The emulated AWS, as users reach it
    #[arg(long, env = "SHOP_PUBLIC_AWS", value_name = "HOST:PORT", default_value = "localhost:4566")]
    pub public_aws: String,
    /// The card processor's API, as the functions reach it
    #[arg(long, env = "SHOP_PROCESSOR", value_name = "URL")]
    pub processor: String,
}

impl Endpoints {
    /// URL of the public API, as programs and this tool reach it.
    pub fn api(&self) -> String {
        public_api::url(&self.aws)
    }

    /// URL of the public API, as users reach it.
    pub fn public_api(&self) -> String {
        public_api::url(&self.public_aws)
    }
}

/// The resources of a stack.
#[derive(Debug)]
pub struct Resources {
    pub topology: Topology,
    pub aws: SdkConfig,
    pub messaging: Messaging,
    /// Settings of programs.
    pub values: Values,
    streams: Streams,
    pub endpoints: Endpoints,
}

impl Resources {
    /// Creates the resources unless they exist.
    pub async fn provision(endpoints: Endpoints, overrides: Vec<Override>, progress: Progress) -> Result<Self> {
        let topology = Topology::load()?;
        let endpoint = format!("http://{}", endpoints.aws);
        let aws = emulator::sdk_config(&endpoint);
        let work = async {
            tokio::try_join!(
                messaging::provision(&aws, &topology),
                tables::provision(&aws, &topology),
                keys::signing_key(&aws),
                secrets::secret(&aws, secrets::PROCESSOR_KEY, PROCESSOR_KEY),
                mail::sender(&aws, MAIL_ADDRESS),
            )
        };
        let (messaging, streams, signing_key, processor_key_arn, ()) =
            progress.step("topics, queues, tables, keys", work).await?;
        let addresses = Addresses {
            aws: endpoint,
            public_api: endpoints.api(),
            storefront: endpoints.public_api(),
            processor: endpoints.processor.clone(),
        };
        let values = Values::new(&topology, &addresses, &messaging, signing_key, processor_key_arn, overrides)?;
        Ok(Self { topology, aws, messaging, values, streams, endpoints })
    }

    /// Deploys the functions and the API. `program` returns the path of a program. `targets` contains the address of
    /// each service.
    pub async fn deploy(
        &self,
        program: impl Fn(&str) -> Result<PathBuf>,
        targets: &BTreeMap<String, Target>,
    ) -> Result<()> {
        let deployments = self.values.deployments(&self.topology, program)?;
        let functions =
            functions::provision(&self.aws, &self.topology, &deployments, &self.messaging, &self.streams).await?;
        public_api::provision(&self.aws, &self.topology, &functions, &self.endpoints.aws, targets).await?;
        Ok(())
    }
}
