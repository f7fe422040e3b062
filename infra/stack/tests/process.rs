//! Child processes end with the process that started them.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail as tests do")]

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::Duration,
};

use stack::{
    process::{Child, Program},
    python::{Python, target_dir},
    testing::eventually,
};

const LIMIT: Duration = Duration::from_secs(10);

/// Grace period of a program that does not stop.
const SHORT: Duration = Duration::from_millis(300);

/// A shell that ignores SIGTERM, with a child that does the same. Both print their pids.
const DEAF: &str = r#"trap "" TERM; echo $$; sh -c 'trap "" TERM; echo $$; sleep 600 & wait' & wait; sleep 600"#;

async fn start(script: &str, grace: Duration) -> (Child, Vec<u32>) {
    let target = target_dir().unwrap();
    let python = Python::ensure(&target).await.unwrap();
    let log = stack::testing::folder("process").await.join("log");
    let program = Program::new("a test's program", "sh", &log).arg("-c").arg(script).grace(grace);
    let child = program.spawn(&python).await.unwrap();
    let expected = script.matches("echo $$").count();
    let pids = eventually("the program prints its pids", LIMIT, async || {
        let pids: Vec<u32> = child.log_tail().lines().filter_map(|line| line.parse().ok()).collect();
        (pids.len() == expected).then_some(pids)
    });
    let pids = pids.await;
    (child, pids)
}

/// False if there is no such process, or only a zombie.
fn is_alive(pid: u32) -> bool {
    let output = Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().unwrap();
    let state = String::from_utf8(output.stdout).unwrap();
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}

async fn all_end(pids: Vec<u32>) {
    let gone = async || (!pids.iter().copied().any(is_alive)).then_some(());
    eventually("all processes have ended", LIMIT, gone).await;
}

#[tokio::test]
async fn a_child_and_its_children_end_when_their_parent_is_killed() {
    // Another process of this test binary, so that it can be killed: it runs the function below.
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_parent_that_waits_to_be_killed", "--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines();
    let pids = lines.find_map(|line| line.unwrap().strip_prefix("pids: ").map(str::to_owned)).unwrap();
    let pids: Vec<u32> = pids.split(' ').map(|pid| pid.parse().unwrap()).collect();
    assert!(pids.len() == 2 && pids.iter().copied().all(is_alive), "{pids:?}");
    parent.kill().unwrap(); // SIGKILL
    parent.wait().unwrap();
    all_end(pids).await;
}

#[tokio::test]
#[ignore = "the test above starts and kills it"]
async fn a_parent_that_waits_to_be_killed() {
    let (child, pids) = start(DEAF, SHORT).await;
    println!("\npids: {} {}", pids[0], pids[1]);
    child.exited().await;
}

#[tokio::test]
async fn a_child_that_does_not_stop_is_killed_with_its_children() {
    let (child, pids) = start(DEAF, SHORT).await;
    assert_eq!(child.pid(), pids[0]);
    assert_eq!(child.stop().await, 128 + 9);
    all_end(pids).await;
}

#[tokio::test]
async fn the_exit_code_of_a_child_that_stops_in_time_is_known() {
    let (child, _) = start("trap 'exit 7' TERM; echo $$; while :; do sleep 0.05; done", LIMIT).await;
    assert_eq!(child.stop().await, 7);
}

#[tokio::test]
async fn the_children_of_a_child_that_crashed_end_too() {
    let (child, pids) = start("sh -c 'echo $$; sleep 600' & echo $$; sleep 0.2; kill -9 $$", SHORT).await;
    assert_eq!(child.exited().await, 128 + 9);
    all_end(pids).await;
}

#[tokio::test]
async fn a_missing_program_is_named_in_the_error() {
    let target = target_dir().unwrap();
    let python = Python::ensure(&target).await.unwrap();
    let log = stack::testing::folder("process").await.join("log");
    let refusal = Program::new("nothing", "/no/such/program", &log).spawn(&python).await.unwrap_err().to_string();
    assert!(refusal.contains("cannot start nothing") && refusal.contains("/no/such/program"), "{refusal}");
}

#[tokio::test]
async fn the_virtual_environment_is_created_once() {
    let target = target_dir().unwrap();
    let (one, other) = tokio::join!(Python::ensure(&target), Python::ensure(&target));
    let marker = one.unwrap().path().with_file_name("../.complete");
    let created = std::fs::metadata(&marker).unwrap().modified().unwrap();
    assert!(other.unwrap().path().is_file());
    Python::ensure(&target).await.unwrap();
    assert_eq!(std::fs::metadata(&marker).unwrap().modified().unwrap(), created);
}
