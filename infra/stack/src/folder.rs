//! The data folder of a stack: what is where in it, and who holds it.

use std::{
    fs::{self, File, TryLockError},
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};

/// Everything that one stack keeps between two runs lives below one folder. Two folders are two stacks.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

/// The right to run a stack on a folder. The operating system takes it back when the process ends, however it ends:
/// a lock that was left behind is never in the way.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Folder {
    /// The folder at `root`, which need not exist yet.
    pub fn new(root: &Path) -> Result<Self> {
        Ok(Self { root: std::path::absolute(root)? })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The status file.
    pub fn record(&self) -> PathBuf {
        self.root.join("stack.json")
    }

    /// The folder of log files.
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// The log of one part.
    pub fn log(&self, part: &str) -> PathBuf {
        self.logs().join(format!("{part}.log"))
    }

    /// The output of a stack in the background.
    pub fn background_log(&self) -> PathBuf {
        self.root.join("shop.log")
    }

    /// The emulator's saved state.
    pub fn emulator(&self) -> PathBuf {
        self.root.join("ministack")
    }

    /// PostgreSQL's data.
    pub fn postgres(&self) -> PathBuf {
        self.root.join("postgres")
    }

    /// The data of Terraform.
    pub fn terraform(&self) -> PathBuf {
        self.root.join("terraform")
    }

    fn lock_file(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// Takes the folder for this process. An error if another one has it.
    pub fn lock(&self) -> Result<Lock> {
        fs::create_dir_all(self.logs()).with_context(|| format!("cannot make {}", self.root.display()))?;
        let mut options = File::options();
        let mut file =
            options.create(true).truncate(false).read(true).write(true).mode(0o600).open(self.lock_file())?;
        if !try_lock(&file)? {
            let pid = self.running()?.map_or_else(String::new, |pid| format!(" (pid {pid})"));
            bail!(
                "a stack already runs on {}{pid}: end it with `cargo shop down`, or choose another folder with --data \
                 and another port with --port",
                self.root.display()
            );
        }
        file.set_len(0)?;
        write!(file, "{}", std::process::id())?;
        Ok(Lock { _file: file })
    }

    /// The process that runs a stack on this folder.
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

    /// Forgets everything but what this very run has open.
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

/// A short patience: `status` holds the lock for a moment to see whether it is free.
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

#[expect(clippy::disallowed_methods, reason = "locks of files cannot be waited for with a limit")]
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
    fn a_folder_is_held_by_one_at_a_time_and_a_stale_lock_is_no_obstacle() {
        let folder = folder();
        assert_eq!(folder.running().unwrap(), None);

        let lock = folder.lock().unwrap();
        assert_eq!(folder.running().unwrap(), Some(std::process::id()));
        let refusal = folder.lock().unwrap_err().to_string();
        assert!(refusal.contains("already runs") && refusal.contains("--data"), "{refusal}");

        drop(lock);
        assert_eq!(folder.running().unwrap(), None, "the file is still there, its holder is not");
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
