//! The command line where nothing runs: what it answers, and with which code. Runs of whole stacks are in `tests/`.

use std::{
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
    process::{Command, Output},
};

fn shop(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shop")).args(arguments).output().expect("the tool is built")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn new_folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("shop-cli-{name}-{}", std::process::id()))
}

#[test]
fn where_nothing_runs_status_is_no_success_and_says_how_to_start() {
    let folder = new_folder("status");
    let folder = folder.to_str().unwrap();
    let status = shop(&["status", "--data", folder]);
    assert!(!status.status.success());
    assert!(said(&status).contains("cargo shop up"), "{}", said(&status));

    let json = shop(&["status", "--data", folder, "--json"]);
    assert!(!json.status.success());
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&json["running"], &json["healthy"]), (&false.into(), &false.into()));
}

#[test]
fn where_nothing_runs_there_is_nothing_to_end_and_nothing_to_buy() {
    let folder = new_folder("down");
    let folder = folder.to_str().unwrap();
    assert!(shop(&["down", "--data", folder]).status.success(), "what was asked for is so");
    for command in ["demo", "logs"] {
        let output = shop(&[command, "--data", folder]);
        assert!(!output.status.success());
        assert!(said(&output).contains("cargo shop up"), "{}", said(&output));
    }
}

#[test]
fn a_taken_port_ends_up_with_its_holder_and_leaves_no_record() {
    let folder = new_folder("port");
    let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = holder.local_addr().unwrap().port().to_string();
    let output = shop(&["up", "--data", folder.to_str().unwrap(), "--port", &port]);
    assert!(!output.status.success());
    assert!(said(&output).contains(&format!("port {port} is in use by")), "{}", said(&output));
    assert!(!folder.join("stack.json").exists());
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_wrong_setting_is_refused_before_anything_starts() {
    let output = shop(&["up", "--set", "shipping.X=1"]);
    assert!(!output.status.success());
    assert!(said(&output).contains("no program `shipping`"), "{}", said(&output));
}

#[test]
fn a_service_elsewhere_needs_a_host_and_a_port() {
    let elsewhere = ["provision", "--aws", "aws:4566", "--processor", "http://psp:8080", "--programs", "/programs"];
    for wrong in ["order", "order=order", "order=:8080"] {
        let output = shop(&[&elsewhere[..], &["--service", wrong]].concat());
        assert!(!output.status.success(), "{wrong}");
        assert!(said(&output).contains("HOST:PORT"), "{}", said(&output));
    }
}

#[test]
fn a_demo_elsewhere_needs_the_accounts_of_its_seed() {
    let file = new_folder("accounts").join("accounts.json");
    let output = shop(&["demo", "--aws", "aws:4566", "--accounts", file.to_str().unwrap()]);
    assert!(!output.status.success());
    assert!(said(&output).contains("accounts.json"), "{}", said(&output));
}
