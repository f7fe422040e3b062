//! Zip files of programs, in the bucket that Lambda fetches code from.

use std::{
    io::{Cursor, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use aws_lc_rs::digest::{SHA256, digest};
use tokio::{sync::OnceCell, task::spawn_blocking};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::aws_api::AwsApi;

/// The bucket from which Lambda reads code. Code within a JSON request would take seconds to encode.
pub(super) const BUCKET: &str = "shop-code";

/// A program of one or several functions.
#[derive(Debug)]
pub(super) struct Package {
    binary: PathBuf,
    /// Identifies the build of the program.
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

    /// Uploads the program, once, and returns its key.
    pub(super) async fn upload(&self, aws: &AwsApi) -> anyhow::Result<String> {
        let upload = async || {
            let binary = self.binary.clone();
            let zip = spawn_blocking(move || zip(&read(&binary)?)).await??;
            aws.put_object(BUCKET, &self.key(), zip).await.map(drop)
        };
        self.uploaded.get_or_try_init(upload).await?;
        Ok(self.key())
    }

    /// Removes the program from the bucket. Lambda has copied it.
    pub(super) async fn clean_up(&self, aws: &AwsApi) -> anyhow::Result<()> {
        if self.uploaded.initialized() {
            aws.delete_object(BUCKET, &self.key()).await?;
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

/// The zip of a program for the runtime `provided.al2023`, without compression.
pub fn zip(program: &[u8]) -> anyhow::Result<Vec<u8>> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).unix_permissions(0o755);
    let mut zip = ZipWriter::new(Cursor::new(Vec::with_capacity(program.len() + 1024)));
    zip.start_file("bootstrap", options)?;
    zip.write_all(program)?;
    Ok(zip.finish()?.into_inner())
}
