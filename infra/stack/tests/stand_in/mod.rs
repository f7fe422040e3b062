//! A stack for one test, with the topology of the repository and stand-ins for services and functions.

use std::{
    collections::BTreeMap,
    fs,
    net::Ipv4Addr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use aws_config::SdkConfig;
use axum::{Router, extract::Request};
use serde_json::Value;
use stack::{
    emulator::{Emulator, Settings, sdk_config},
    provision::{
        functions::{self, Deployment},
        keys,
        load_balancer::Target,
        mail,
        messaging::{self, Messaging},
        public_api, tables,
    },
    python::{Python, target_dir},
    topology::Topology,
};
use tokio::net::TcpListener;

/// A provisioned stack.
pub struct Stack {
    pub emulator: Emulator,
    pub config: SdkConfig,
    pub messaging: Messaging,
    pub signing_key: String,
    pub public_api: String,
    folder: PathBuf,
}

impl Stack {
    /// Starts a stack on an empty folder, or on the folder of an earlier stack. `keys` is the URL of the keys that
    /// verify tokens.
    pub async fn start(folder: &Path, keys: &str) -> Self {
        let folder = folder.to_owned();
        let target = target_dir().unwrap();
        let settings =
            Settings { port: None, data_dir: folder.join("aws"), log: folder.join("log"), keep: true, iam: false };
        let emulator = Emulator::start(&Python::ensure(&target).await.unwrap(), settings).await.unwrap();
        let topology = Topology::load().unwrap();
        let config = sdk_config(&emulator.endpoint());

        let messaging = messaging::provision(&config, &topology).await.unwrap();
        let tables = tables::provision(&config, &topology).await.unwrap();
        let signing_key = keys::signing_key(&config).await.unwrap();
        mail::sender(&config, "shop@shop.localhost").await.unwrap();
        let address = format!("localhost:{}", emulator.port());
        let deployments = deployments(&folder, &topology, &public_api::url(&address), keys);
        let functions = functions::provision(&config, &topology, &deployments, &messaging, &tables).await.unwrap();
        let targets = BTreeMap::from([("product".to_owned(), echo().await), ("order".to_owned(), echo().await)]);
        let public_api = public_api::provision(&config, &topology, &functions, &address, &targets).await.unwrap();
        Self { emulator, config, messaging, signing_key, public_api, folder }
    }

    /// The records that a function has received so far. `failed` is true in those that it reported as failed.
    pub fn seen(&self, function: &str) -> Vec<Value> {
        let seen = fs::read_to_string(self.folder.join(function).with_extension("seen")).unwrap_or_default();
        seen.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Makes a function report all records as failed, or none.
    pub fn set_failing(&self, function: &str, failing: bool) {
        let marker = self.folder.join(function).with_extension("fail");
        if failing { fs::write(marker, "").unwrap() } else { fs::remove_file(marker).unwrap() }
    }
}

fn deployments(folder: &Path, topology: &Topology, issuer: &str, keys: &str) -> BTreeMap<String, Deployment> {
    let binary = folder.join("function");
    fs::write(&binary, include_str!("function.py")).unwrap();
    fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).unwrap();
    let deploy = |name: &String| {
        let file = |extension| folder.join(name).with_extension(extension).display().to_string();
        let environment =
            [("SEEN", file("seen")), ("FAIL", file("fail")), ("ISSUER", issuer.to_owned()), ("KEYS", keys.to_owned())];
        let environment = environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        (name.clone(), Deployment { binary: binary.clone(), environment })
    };
    topology.functions.iter().map(|function| deploy(&function.name)).collect()
}

/// Starts a stand-in for a service, which responds with the method and path of each request. Returns its address.
async fn echo() -> Target {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let router = Router::new().fallback(async |request: Request| format!("{} {}", request.method(), request.uri()));
    tokio::spawn(async { axum::serve(listener, router).await });
    Target::local(port)
}
