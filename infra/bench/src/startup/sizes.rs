//! Sizes of deployed programs, compressed as they are transferred.

use std::{path::Path, process::Stdio};

use anyhow::{Context, Result, ensure};
use stack::workspace_root;
use tokio::process::Command;

/// Compressed size of the base image, `gcr.io/distroless/cc-debian13`, in bytes. It is the sum of its packages
/// (`static/static.bzl`, `base/config.bzl` and `cc/config.bzl` of GoogleContainerTools/distroless), each as
/// `dpkg-deb --fsys-tarfile … | gzip -6 | wc -c`, in Debian 13 for amd64 of November 2026. The image omits some files
/// of the packages, so it is rather smaller.
pub const BASE_IMAGE: u64 = 10_441_640;

/// Size of a program after gzip, in bytes. The frame of a zip or a layer adds a few hundred bytes.
pub async fn compressed(program: &Path, level: &str) -> Result<u64> {
    let gzip = Command::new("gzip").args([level, "-c"]).arg(program).output().await.context("cannot start gzip")?;
    ensure!(gzip.status.success(), "gzip {}: {}", program.display(), String::from_utf8_lossy(&gzip.stderr));
    Ok(gzip.stdout.len() as u64)
}

/// Compiles the health check of the images into `folder` as `docker/Dockerfile` does, and returns its compressed size.
pub async fn health_check(folder: &Path) -> Result<u64> {
    let program = folder.join("health");
    let mut rustc = Command::new("rustc");
    rustc.current_dir(workspace_root()).args(["--edition", "2024", "-C", "opt-level=s", "-C", "panic=abort"]);
    rustc.args(["-C", "lto=fat", "-C", "strip=symbols", "docker/health.rs", "-o"]).arg(&program);
    let status = rustc.stdin(Stdio::null()).status().await.context("cannot start rustc")?;
    ensure!(status.success(), "docker/health.rs does not compile");
    compressed(&program, "-6").await
}
