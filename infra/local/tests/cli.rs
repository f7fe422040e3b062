//! Output and exit codes of the command line without a running stack. The black-box tests in `tests/` run stacks.

use std::{
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
    process::{Command, Output},
};

const ORDER: &str = "ord_01a212fa16ce75bc86c58e7287717d3e";

fn shop(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shop")).args(arguments).output().expect("the tool runs")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn new_folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("shop-cli-{name}-{}", std::process::id()))
}

#[test]
fn without_a_stack_status_fails_and_names_the_command_to_start_one() {
    let folder = new_folder("status");
    let folder = folder.to_str().unwrap();
    let status = shop(&["status", "--data", folder]);
    assert!(!status.status.success());
    assert!(text(&status).contains("cargo shop up"), "{}", text(&status));

    let json = shop(&["status", "--data", folder, "--json"]);
    assert!(!json.status.success());
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&json["running"], &json["healthy"]), (&false.into(), &false.into()));
}

#[test]
fn without_a_stack_down_succeeds_and_other_commands_fail() {
    let folder = new_folder("down");
    let folder = folder.to_str().unwrap();
    assert!(shop(&["down", "--data", folder]).status.success(), "no stack runs, as requested");
    let order = ["order", ORDER];
    let campaign = ["campaign"];
    for command in [&["demo"][..], &campaign, &["logs"], &["dlq", "list"], &["dlq", "show", "order-inbox"], &order] {
        let output = shop(&[command, &["--data", folder]].concat());
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        assert!(text(&output).contains("cargo shop up"), "{}", text(&output));
    }
}

#[test]
fn a_taken_port_is_an_error_that_names_the_process_and_leaves_no_record() {
    let folder = new_folder("port");
    let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = holder.local_addr().unwrap().port().to_string();
    let output = shop(&["up", "--data", folder.to_str().unwrap(), "--port", &port]);
    assert!(!output.status.success());
    assert!(text(&output).contains(&format!("port {port} is in use by")), "{}", text(&output));
    assert!(!folder.join("stack.json").exists());
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn an_unknown_setting_is_rejected_before_the_start() {
    let output = shop(&["up", "--set", "shipping.X=1"]);
    assert!(!output.status.success());
    assert!(text(&output).contains("no program `shipping`"), "{}", text(&output));
}

#[test]
fn an_external_service_requires_a_host_and_a_port() {
    let external = ["provision", "--aws", "aws:4566", "--processor", "http://psp:8080", "--programs", "/programs"];
    for wrong in ["order", "order=order", "order=:8080"] {
        let output = shop(&[&external[..], &["--service", wrong]].concat());
        assert!(!output.status.success(), "{wrong}");
        assert!(text(&output).contains("HOST:PORT"), "{}", text(&output));
    }
}

#[test]
fn a_demo_of_an_external_stack_requires_its_accounts() {
    let file = new_folder("accounts").join("accounts.json");
    let output = shop(&["demo", "--aws", "aws:4566", "--accounts", file.to_str().unwrap()]);
    assert!(!output.status.success());
    assert!(text(&output).contains("accounts.json"), "{}", text(&output));
}

#[test]
fn an_unknown_queue_is_an_error_that_names_the_queues_and_relays_with_dead_letters() {
    let output = shop(&["dlq", "redrive", "shipping-inbox"]);
    assert_eq!(output.status.code(), Some(1));
    for name in ["`shipping-inbox`", "order-inbox-dlq", "order-outbox-relay-failures-dlq"] {
        assert!(text(&output).contains(name), "{}", text(&output));
    }
}

#[test]
fn the_query_for_an_order_on_aws_begins_when_it_was_placed_and_reads_all_logs() {
    let output = shop(&["order", ORDER, "--environment", "prod"]);
    assert!(output.status.success());
    for part in ["--start-time 1795614709 ", "/shop/shop-prod-product", "/aws/lambda/shop-prod-payment", ORDER] {
        assert!(text(&output).contains(part), "{}", text(&output));
    }
}
