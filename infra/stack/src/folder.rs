//! The data folder of a stack: its files, and the lock of the tool that runs the stack.

use std::{
    fs::{self, File, TryLockError},
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};

/// The folder with all data of a stack. Each folder is a separate stack.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

/// An exclusive lock of a data folder. The operating system releases it when the process ends for any reason, so there
/// are no stale locks.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Folder {
    /// The data folder `root`, which need not exist yet.
    pub fn new(root: &Path) -> Result<Self> {
        Ok(Self { root: std::path::absolute(root)? })
    }

    /// Path of the folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The status file.
    pub fn record(&self) -> PathBuf {
        self.root.join("stack.json")
    }

    /// The folder with the logs.
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// The log of one part.
    pub fn log(&self, part: &str) -> PathBuf {
        self.logs().join(format!("{part}.log"))
    }

    /// The output of `up --detach`.
    pub fn background_log(&self) -> PathBuf {
        self.root.join("shop.log")
    }

    /// Data of the emulator.
    pub fn emulator(&self) -> PathBuf {
        self.root.join("ministack")
    }

    /// Data of PostgreSQL.
    pub fn postgres(&self) -> PathBuf {
        self.root.join("postgres")
    }

    /// Data of Terraform.
    pub fn terraform(&self) -> PathBuf {
        self.root.join("terraform")
    }

    fn lock_file(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// Locks the folder. Fails if another process has locked it.
    pub fn lock(&self) -> Result<Lock> {
        fs::create_dir_all(self.logs()).with_context(|| format!("cannot create {}", self.root.display()))?;
        let mut options = File::options();
        let mut file =
            options.create(true).truncate(false).read(true).write(true).mode(0o600).open(self.lock_file())?;
        if !try_lock(&file)? {
            let pid = self.running()?.map_or_else(String::new, |pid| format!(" (pid {pid})"));
            bail!(
                "a stack already runs on {}{pid}: stop it with `cargo shop down`, or choose another folder with --data \
                 and another port with --port",
                self.root.display()
            );
        }
        file.set_len(0)?;
        write!(file, "{}", std::process::id())?;
        Ok(Lock { _file: file })
    }

    /// Process id of the tool that runs a stack on this folder.
    pub fn running(&self) -> Result<Option<u32>> {
        let Ok(mut file) = File::open(self.lock_file()) else { return Ok(None) };
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                file.read_to_string(&mut pid)?;
                Ok(pid.trim().parse().ok())
            }
            Err(TryLockError::Error(error)) => Err(error).context("cannot read the lock of the data folder"),
        }
    }

    /// Deletes all files but those that the current run has open.
    pub fn clear(&self) -> Result<()> {
        for entry in fs::read_dir(&self.root)? {
            let path = entry?.path();
            if path == self.lock_file() || path == self.background_log() {
                continue;
            }
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.with_context(|| format!("cannot remove {}", path.display()))?;
        }
        fs::create_dir_all(self.logs())?;
        Ok(())
    }
}

/// Tries a few times, because `status` holds the lock for a moment while it tests it.
fn try_lock(file: &File) -> Result<bool> {
    for _ in 0..5 {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) => pause(),
            Err(TryLockError::Error(error)) => return Err(error).context("cannot lock the data folder"),
        }
    }
    Ok(false)
}

#[expect(clippy::disallowed_methods, reason = "a file lock has no wait with a limit")]
fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> Folder {
        let root = std::env::temp_dir().join(format!("shop-folder-{}", uuid::Uuid::new_v4()));
        Folder::new(&root).unwrap()
    }

    #[test]
    fn a_folder_is_locked_by_one_run_at_a_time_and_a_stale_lock_is_ignored() {
        let folder = folder();
        assert_eq!(folder.running().unwrap(), None);

        let lock = folder.lock().unwrap();
        assert_eq!(folder.running().unwrap(), Some(std::process::id()));
        let refusal = folder.lock().unwrap_err().to_string();
        assert!(refusal.contains("already runs") && refusal.contains("--data"), "{refusal}");

        drop(lock);
        assert_eq!(folder.running().unwrap(), None, "the file remains, without a lock");
        drop(folder.lock().unwrap());
        fs::remove_dir_all(folder.root()).unwrap();
    }

    #[test]
    fn clearing_keeps_the_lock() {
        let folder = folder();
        let _lock = folder.lock().unwrap();
        fs::write(folder.record(), "{}").unwrap();
        folder.clear().unwrap();
        assert!(!folder.record().exists());
        assert!(folder.running().unwrap().is_some());
        fs::remove_dir_all(folder.root()).unwrap();
    }
}
