//! Virtual environments of Python packages, created below `target/` at first use: one for the local stack, and one for
//! each linter.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Context, bail, ensure};
use aws_lc_rs::digest::{SHA256, digest};

/// Packages that share an environment.
#[derive(Debug, Clone, Copy)]
pub struct Packages {
    /// Names for messages: `MiniStack and PostgreSQL`.
    pub what: &'static str,
    /// Folder of the environment below Cargo's target folder. Python version and a hash are appended.
    pub folder: &'static str,
    /// A requirements file with versions and hashes.
    pub requirements: &'static str,
    /// Oldest supported version of Python.
    pub oldest: (u32, u32),
}

/// Packages of the local stack.
const LOCAL_STACK: Packages = Packages {
    what: "MiniStack and PostgreSQL",
    folder: "shop/venv",
    requirements: include_str!("../requirements.txt"),
    oldest: (3, 10),
};

/// A Python interpreter with packages.
#[derive(Debug, Clone)]
pub struct Python {
    path: PathBuf,
}

impl Python {
    /// The interpreter with the packages of the local stack.
    pub async fn ensure(target_dir: &Path) -> anyhow::Result<Self> {
        Self::with(LOCAL_STACK, target_dir).await
    }

    /// The interpreter with `packages`. Each version of the requirements file is installed once, which takes a download
    /// and up to two minutes. Concurrent calls are safe, also in several processes.
    pub async fn with(packages: Packages, target_dir: &Path) -> anyhow::Result<Self> {
        let folder = target_dir.join(packages.folder);
        tokio::task::spawn_blocking(move || ensure_environment(packages, &folder)).await?
    }

    /// Path of the interpreter.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Cargo's target folder: the one that holds the running executable.
pub fn target_dir() -> anyhow::Result<PathBuf> {
    let executable = std::env::current_exe().context("the path of this program is unknown")?;
    let marked = executable.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    marked
        .map(Path::to_owned)
        .with_context(|| format!("{} is not in a Cargo target folder: use `cargo shop`", executable.display()))
}

fn ensure_environment(packages: Packages, folder: &Path) -> anyhow::Result<Python> {
    let (system_python, version) = find_python(packages)?;
    let fingerprint = &hex::encode(digest(&SHA256, packages.requirements.as_bytes()))[..12];
    let environment = PathBuf::from(format!("{}-{}.{}-{fingerprint}", folder.display(), version.0, version.1));
    let python = Python { path: environment.join("bin/python") };
    let complete = environment.join(".complete");
    if complete.exists() {
        return Ok(python);
    }

    fs::create_dir_all(folder.parent().unwrap_or(folder))?;
    let lock = File::create(folder.with_extension("lock"))?;
    lock.lock().context("cannot lock the virtual environment")?;
    if complete.exists() {
        return Ok(python); // created by another process in the meantime
    }
    tracing::info!(folder = %environment.display(), "installing {}, once", packages.what);
    if environment.exists() {
        fs::remove_dir_all(&environment).context("cannot remove an incomplete virtual environment")?;
    }
    run(Command::new(system_python).args(["-m", "venv"]).arg(&environment), "create a virtual environment")?;
    // The embedded file, so that the environment matches the hash in its name.
    let requirements = environment.join("requirements.txt");
    fs::write(&requirements, packages.requirements)?;
    let mut install = Command::new(&python.path);
    install
        .args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar=off"])
        .args(["--require-hashes", "--only-binary=:all:", "--requirement"])
        .arg(&requirements);
    run(&mut install, "install the pinned Python packages (is there a network?)")?;
    File::create(complete)?;
    Ok(python)
}

/// The first interpreter on the PATH that is new enough, and its version.
fn find_python(Packages { what, oldest, .. }: Packages) -> anyhow::Result<(&'static str, (u32, u32))> {
    let mut too_old = None;
    for name in ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10"] {
        let print_version = "import sys; print(*sys.version_info[:2])";
        let Ok(output) = Command::new(name).args(["-c", print_version]).output() else { continue };
        let version = String::from_utf8_lossy(&output.stdout);
        let Some((major, minor)) = version.trim().split_once(' ') else { continue };
        let (Ok(major), Ok(minor)) = (major.parse(), minor.parse()) else { continue };
        if (major, minor) >= oldest {
            return Ok((name, (major, minor)));
        }
        too_old.get_or_insert((name, major, minor));
    }
    match too_old {
        Some((name, major, minor)) => {
            bail!("`{name}` is Python {major}.{minor}; {what} needs {}.{} or newer", oldest.0, oldest.1)
        }
        None => bail!("there is no `python3` on the PATH; {what} needs {}.{} or newer", oldest.0, oldest.1),
    }
}

fn run(command: &mut Command, purpose: &str) -> anyhow::Result<()> {
    let Output { status, stdout, stderr } = command.output().with_context(|| format!("cannot {purpose}"))?;
    let output = String::from_utf8_lossy(&stdout) + String::from_utf8_lossy(&stderr);
    ensure!(status.success(), "cannot {purpose}:\n{output}");
    Ok(())
}
