use psp_simulator::Settings;
use tokio::net::TcpListener;

use super::start;
use crate::api::Processor;

/// The API key of simulators that tests start.
const SECRET_KEY: &str = "sk_test_testing";

/// A card processor simulator of one test, with its own ledger and faults.
#[derive(Debug, Clone)]
pub struct Psp {
    base_url: String,
}

/// Starts a card processor simulator on a free port. It runs until the test process ends.
pub async fn psp() -> Psp {
    start("a card processor", async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base_url = format!("http://{}", listener.local_addr()?);
        let settings = Settings { secret_key: SECRET_KEY.to_owned(), journal: None, webhook: None };
        tokio::spawn(psp_simulator::serve(listener, settings, std::future::pending()));
        Ok(Psp { base_url })
    })
    .await
}

impl Psp {
    /// The value of `STRIPE_API_BASE`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The API key, which is the value of the secret in `STRIPE_SECRET_KEY_ARN`.
    pub fn secret_key(&self) -> &str {
        SECRET_KEY
    }

    /// The simulator's control API.
    pub fn control(&self) -> Processor {
        Processor::new(&self.base_url).expect("a client")
    }
}
