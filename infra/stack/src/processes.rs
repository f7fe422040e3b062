//! Signals to the processes of a stack, for tests and campaigns. Reads `/proc`, so Linux only.

use std::{fs, process::Command};

use anyhow::{Context, Result, ensure};

/// Sends SIGKILL to processes. One that has ended meanwhile is no error.
pub fn kill(pids: &[u32]) -> Result<()> {
    pids.iter().try_for_each(|pid| signal("KILL", *pid))
}

/// Processes that do not run, with their connections open. They go on when this value is dropped.
#[derive(Debug)]
#[must_use = "the processes go on when it is dropped"]
pub struct Frozen(Vec<u32>);

impl Frozen {
    /// Freezes processes.
    pub fn new(pids: Vec<u32>) -> Result<Self> {
        let frozen = Self(pids);
        frozen.0.iter().try_for_each(|pid| signal("STOP", *pid))?;
        Ok(frozen)
    }

    /// Freezes a process, then all processes that it started, such as the backends of PostgreSQL.
    pub fn with_descendants(pid: u32) -> Result<Self> {
        let mut frozen = Self::new(vec![pid])?;
        for index in 0.. {
            let Some(parent) = frozen.0.get(index).copied() else { break };
            for child in processes().filter(|pid| parent_of(*pid) == Some(parent)) {
                signal("STOP", child)?;
                frozen.0.push(child);
            }
        }
        Ok(frozen)
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        for pid in self.0.iter().rev() {
            // A process that was killed meanwhile cannot go on.
            let _ = signal("CONT", *pid);
        }
    }
}

/// The running processes of a Lambda function: their environment names the function and the emulator's URL.
pub fn of_function(name: &str, aws: &str) -> Vec<u32> {
    let wanted = format!("AWS_LAMBDA_FUNCTION_NAME={name}");
    let port = aws.rsplit(':').next().unwrap_or_default();
    let is_wanted = |variables: String| variables.split('\0').any(|each| each == wanted) && variables.contains(port);
    processes().filter(|pid| environment(*pid).is_some_and(is_wanted)).collect()
}

/// The environment variables of a process, each followed by a zero byte.
pub fn environment(pid: u32) -> Option<String> {
    Some(String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/environ")).ok()?).into_owned())
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The parent of a process: the second field after its name, which is in parentheses.
fn parent_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

fn signal(name: &str, pid: u32) -> Result<()> {
    let sent = Command::new("kill").args(["-s", name, &pid.to_string()]).output().context("cannot start `kill`")?;
    let has_ended = !fs::exists(format!("/proc/{pid}"))?;
    ensure!(sent.status.success() || has_ended, "process {pid} does not accept the signal {name}");
    Ok(())
}
