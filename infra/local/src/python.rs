//! The virtual environment with the third-party parts of the local stack, made below `target/` at first use.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Context, bail, ensure};
use aws_lc_rs::digest::{SHA256, digest};

/// The pinned packages, each with the hashes of its files.
const REQUIREMENTS: &str = include_str!("../requirements.txt");

/// The oldest Python that all pinned packages support.
const OLDEST: (u32, u32) = (3, 10);

/// A Python interpreter that has the packages of `requirements.txt`.
#[derive(Debug, Clone)]
pub struct Python {
    path: PathBuf,
}

impl Python {
    /// Makes the environment if it is not there yet (once per content of `requirements.txt`; the first time takes a
    /// download and about half a minute) and returns its interpreter. Several processes may do this at once.
    ///
    /// Fails with a message for the user if there is no Python, or the packages cannot be installed.
    pub async fn ensure(target_dir: &Path) -> anyhow::Result<Self> {
        let folder = target_dir.join("shop");
        tokio::task::spawn_blocking(move || ensure_environment(&folder)).await?
    }

    /// The interpreter.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Cargo's target folder: the one that holds the running executable.
pub fn target_dir() -> anyhow::Result<PathBuf> {
    let executable = std::env::current_exe().context("cannot tell where this program is")?;
    let marked = executable.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    marked.map(Path::to_owned).with_context(|| {
        format!("{} is not inside of a Cargo target folder: run it by `cargo shop`", executable.display())
    })
}

fn ensure_environment(folder: &Path) -> anyhow::Result<Python> {
    let (system_python, version) = find_python()?;
    let fingerprint = &hex::encode(digest(&SHA256, REQUIREMENTS.as_bytes()))[..12];
    let environment = folder.join(format!("venv-{}.{}-{fingerprint}", version.0, version.1));
    let python = Python { path: environment.join("bin/python") };
    let complete = environment.join(".complete");
    if complete.exists() {
        return Ok(python);
    }

    fs::create_dir_all(folder)?;
    let lock = File::create(folder.join("venv.lock"))?;
    lock.lock().context("cannot lock the virtual environment")?;
    if complete.exists() {
        return Ok(python); // another process was faster
    }
    tracing::info!(folder = %environment.display(), "installing MiniStack and PostgreSQL, once");
    if environment.exists() {
        fs::remove_dir_all(&environment).context("cannot remove a half-made virtual environment")?;
    }
    run(Command::new(system_python).args(["-m", "venv"]).arg(&environment), "make a virtual environment")?;
    // The file goes in as it was compiled in, so that the environment is exactly what its name says.
    let requirements = environment.join("requirements.txt");
    fs::write(&requirements, REQUIREMENTS)?;
    let mut install = Command::new(&python.path);
    install
        .args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar=off"])
        .args(["--require-hashes", "--only-binary=:all:", "--requirement"])
        .arg(&requirements);
    run(&mut install, "install the pinned Python packages (is there a network?)")?;
    File::create(complete)?;
    Ok(python)
}

/// The first interpreter on the path that is new enough, and its version.
fn find_python() -> anyhow::Result<(&'static str, (u32, u32))> {
    let mut too_old = None;
    for name in ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10"] {
        let print_version = "import sys; print(*sys.version_info[:2])";
        let Ok(output) = Command::new(name).args(["-c", print_version]).output() else { continue };
        let version = String::from_utf8_lossy(&output.stdout);
        let Some((major, minor)) = version.trim().split_once(' ') else { continue };
        let (Ok(major), Ok(minor)) = (major.parse(), minor.parse()) else { continue };
        if (major, minor) >= OLDEST {
            return Ok((name, (major, minor)));
        }
        too_old.get_or_insert((name, major, minor));
    }
    match too_old {
        Some((name, major, minor)) => {
            bail!("`{name}` is Python {major}.{minor}; the local stack needs {}.{} or newer", OLDEST.0, OLDEST.1)
        }
        None => bail!("there is no `python3` on the path; the local stack needs {}.{} or newer", OLDEST.0, OLDEST.1),
    }
}

fn run(command: &mut Command, purpose: &str) -> anyhow::Result<()> {
    let Output { status, stdout, stderr } = command.output().with_context(|| format!("cannot {purpose}"))?;
    let output = String::from_utf8_lossy(&stdout) + String::from_utf8_lossy(&stderr);
    ensure!(status.success(), "cannot {purpose}:\n{output}");
    Ok(())
}
