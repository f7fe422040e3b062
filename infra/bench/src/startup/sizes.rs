//! The sizes of what is deployed, compressed as it travels.

use std::{
    fs,
    io::{Cursor, Write},
    path::Path,
    process::Stdio,
};

use anyhow::{Context, Result, ensure};
use tokio::{process::Command, task::spawn_blocking};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use stack::workspace_root;

/// How `docker/Dockerfile` compresses functions: `zip -9`.
const BEST: i64 = 9;

/// How images are compressed when they are pushed: gzip's default.
const DEFAULT: i64 = 6;

/// The compressed size of the base image, `gcr.io/distroless/cc-debian13`, in bytes. It is the sum of the contents of
/// the packages it is made of (`static/static.bzl`, `base/config.bzl` and `cc/config.bzl` of GoogleContainerTools/
/// distroless), each as `dpkg-deb --fsys-tarfile … | gzip -6 | wc -c`, in Debian 13 for amd64 of November 2026:
/// libc6 5,102,433; libssl3t64 3,079,873; libstdc++6 904,875; libzstd1 372,198; tzdata 274,472; libgomp1 157,288;
/// ca-certificates 154,388; base-files 123,138; zlib1g 95,590; libgcc-s1 83,472; gcc-14-base 50,814;
/// media-types 30,991; netbase 12,108. The image leaves some of their files out, so that it is rather smaller.
pub const BASE_IMAGE: usize = 10_441_640;

/// The size of a function's zip, in bytes.
pub async fn function(program: &Path) -> Result<usize> {
    compressed(program, "bootstrap", BEST).await
}

/// The size of the layer that a program is in an image, in bytes. The layer is a gzipped tar; what is measured is a
/// zip, whose frame is as small.
pub async fn layer(program: &Path) -> Result<usize> {
    compressed(program, "program", DEFAULT).await
}

/// Compiles the images' health check into `folder` as `docker/Dockerfile` does; returns the size of its layer, in bytes.
pub async fn health_check(folder: &Path) -> Result<usize> {
    let program = folder.join("health");
    let mut rustc = Command::new("rustc");
    rustc.current_dir(workspace_root()).args(["--edition", "2024", "-C", "opt-level=s", "-C", "panic=abort"]);
    rustc.args(["-C", "lto=fat", "-C", "strip=symbols", "docker/health.rs", "-o"]).arg(&program);
    let status = rustc.stdin(Stdio::null()).status().await.context("cannot start rustc")?;
    ensure!(status.success(), "docker/health.rs does not compile: rustc tells above why");
    layer(&program).await
}

async fn compressed(program: &Path, name: &'static str, level: i64) -> Result<usize> {
    let program = program.to_owned();
    let compress = move || {
        let content = fs::read(&program).with_context(|| format!("cannot read {}", program.display()))?;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(level))
            .unix_permissions(0o755);
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file(name, options)?;
        zip.write_all(&content)?;
        Ok(zip.finish()?.into_inner().len())
    };
    spawn_blocking(compress).await?
}
