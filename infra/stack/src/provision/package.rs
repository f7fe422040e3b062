//! Programs as code of functions: zipped, and put where Lambda fetches it.

use std::{
    io::{Cursor, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use aws_config::SdkConfig;
use aws_lc_rs::digest::{SHA256, digest};
use reqwest::Method;
use tokio::{sync::OnceCell, task::spawn_blocking};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// The bucket that code is handed over in.
pub(super) const BUCKET: &str = "shop-code";

/// Hands code over to Lambda by way of a bucket. By plain HTTP, which the emulator takes: as part of a call to Lambda, a
/// debug build of the SDK encodes and signs a debug build of a program for seconds.
#[derive(Debug)]
pub(super) struct Bucket {
    http: reqwest::Client,
    url: String,
}

impl Bucket {
    /// The bucket, which is made if it is not there.
    pub(super) async fn ensure(config: &SdkConfig) -> anyhow::Result<Self> {
        let endpoint = config.endpoint_url().context("code is deployed to an emulator only")?;
        let http = reqwest::Client::builder().no_proxy().build()?;
        let bucket = Self { http, url: format!("{endpoint}/{BUCKET}") };
        bucket.send(Method::PUT, "", Vec::new()).await?;
        Ok(bucket)
    }

    async fn send(&self, method: Method, path: &str, body: Vec<u8>) -> anyhow::Result<()> {
        let answer = self.http.request(method, format!("{}{path}", self.url)).body(body).send().await?;
        let status = answer.status();
        ensure!(status.is_success(), "{BUCKET}{path}: {status} {}", answer.text().await?);
        Ok(())
    }
}

/// A program that one or several functions run.
#[derive(Debug)]
pub(super) struct Package {
    binary: PathBuf,
    /// Tells one build of the program from another.
    pub(super) fingerprint: String,
    uploaded: OnceCell<()>,
}

impl Package {
    /// Reads the program.
    pub(super) async fn read(binary: PathBuf) -> anyhow::Result<Self> {
        spawn_blocking(move || {
            let fingerprint = hex::encode(digest(&SHA256, &read(&binary)?));
            Ok(Self { binary, fingerprint, uploaded: OnceCell::new() })
        })
        .await?
    }

    /// Puts the program into the bucket, once, and returns its key there.
    pub(super) async fn upload(&self, bucket: &Bucket) -> anyhow::Result<String> {
        let upload = async || {
            let binary = self.binary.clone();
            let zip = spawn_blocking(move || zip(&read(&binary)?)).await??;
            bucket.send(Method::PUT, &format!("/{}", self.key()), zip).await
        };
        self.uploaded.get_or_try_init(upload).await?;
        Ok(self.key())
    }

    /// Takes the program out of the bucket again. Functions that were made of it have their own copies.
    pub(super) async fn clean_up(&self, bucket: &Bucket) -> anyhow::Result<()> {
        if self.uploaded.initialized() {
            bucket.send(Method::DELETE, &format!("/{}", self.key()), Vec::new()).await?;
        }
        Ok(())
    }

    fn key(&self) -> String {
        format!("{}.zip", self.fingerprint)
    }
}

fn read(binary: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(binary).with_context(|| format!("cannot read {}", binary.display()))
}

/// A program as the runtime `provided.al2023` wants it. Stored, not compressed: it does not travel far.
pub fn zip(program: &[u8]) -> anyhow::Result<Vec<u8>> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).unix_permissions(0o755);
    let mut zip = ZipWriter::new(Cursor::new(Vec::with_capacity(program.len() + 1024)));
    zip.start_file("bootstrap", options)?;
    zip.write_all(program)?;
    Ok(zip.finish()?.into_inner())
}
