//! PostgreSQL keeps its data over stops and crashes.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail as tests do")]

use std::{net::TcpListener, process::Command};

use sqlx::{Connection, PgConnection};
use stack::{
    postgres::{Postgres, Settings},
    python::{Python, target_dir},
};

#[tokio::test]
async fn data_survive_a_stop_and_a_crash() {
    let target = target_dir().unwrap();
    let python = Python::ensure(&target).await.unwrap();
    let settings = settings().await;
    let server = Postgres::start(&python, settings.clone()).await.unwrap();
    let url = server.create_database("shop").await.unwrap();
    assert_eq!(server.create_database("shop").await.unwrap(), url, "the database exists");
    execute(&url, "create table counted as select 1 as n").await;
    server.stop().await;

    let server = Postgres::start(&python, settings.clone()).await.unwrap();
    execute(&server.url("shop"), "insert into counted values (2)").await;
    let crashed = Command::new("kill").args(["-9", &server.process().pid().to_string()]).status().unwrap();
    assert!(crashed.success());
    server.process().exited().await;

    let server = Postgres::start(&python, settings.clone()).await.unwrap();
    let mut connection = PgConnection::connect(&server.url("shop")).await.unwrap();
    let count: i64 = sqlx::query_scalar("select count(*) from counted").fetch_one(&mut connection).await.unwrap();
    assert_eq!(count, 2);
    drop(connection);
    server.stop().await;
}

#[tokio::test]
async fn a_taken_port_is_refused_by_its_number() {
    let target = target_dir().unwrap();
    let python = Python::ensure(&target).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let settings = Settings { port: Some(port), ..settings().await };
    let refusal = Postgres::start(&python, settings).await.unwrap_err().to_string();
    assert!(refusal.contains(&format!("port {port} is taken")), "{refusal}");
}

async fn settings() -> Settings {
    let folder = stack::testing::folder("postgres").await;
    Settings { port: None, data_dir: folder.join("data"), log: folder.join("log"), keep: true }
}

async fn execute(url: &str, statement: &'static str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query(statement).execute(&mut connection).await.unwrap();
}
