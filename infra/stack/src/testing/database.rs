use tokio::sync::OnceCell;

use super::{start, unique, workplace};
use crate::postgres::{Postgres, Settings};

/// Creates a database in the PostgreSQL 18 of this test process, and returns its URL.
pub async fn database() -> String {
    static SERVER: OnceCell<Postgres> = OnceCell::const_new();
    let workplace = workplace().await;
    let boot = || {
        let settings = Settings {
            port: None,
            data_dir: workplace.folder.join("postgres"),
            log: workplace.folder.join("postgres.log"),
            keep: false,
        };
        start("PostgreSQL", Postgres::start(&workplace.python, settings))
    };
    let server = SERVER.get_or_init(boot).await;
    let name = unique("test");
    server.create_database(&name).await.expect("PostgreSQL creates databases")
}
