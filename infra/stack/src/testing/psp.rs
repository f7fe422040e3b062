use psp_simulator::{
    Settings,
    domain::ledger::{Entry, Summary},
    fault::Fault,
};
use serde::de::DeserializeOwned;
use tokio::net::TcpListener;

use super::start;

/// What payment shows, and the simulator asks for.
const SECRET_KEY: &str = "sk_test_testing";

/// A card processor of one's own: its ledger and faults are nobody else's.
#[derive(Debug, Clone)]
pub struct Psp {
    base_url: String,
}

/// Starts a card processor on a free port. It runs until the test process ends.
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
    /// What payment gets as `STRIPE_API_BASE`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// What is to be in the secret that payment gets as `STRIPE_SECRET_KEY_ARN`.
    pub fn secret_key(&self) -> &str {
        SECRET_KEY
    }

    /// Its other side: for those who test with it.
    pub fn client(&self) -> PspClient {
        PspClient { base_url: format!("{}/_simulator", self.base_url), http: reqwest::Client::new() }
    }
}

/// Asks a card processor to fail, and judges by its ledger.
#[derive(Debug, Clone)]
pub struct PspClient {
    base_url: String,
    http: reqwest::Client,
}

impl PspClient {
    /// Has calls fail from now on, as `fault` says.
    pub async fn fail(&self, fault: &Fault) {
        let request = self.http.post(format!("{}/faults", self.base_url)).json(fault);
        request.send().await.and_then(reqwest::Response::error_for_status).expect("the card processor takes faults");
    }

    /// Has no more calls fail.
    pub async fn heal(&self) {
        let request = self.http.delete(format!("{}/faults", self.base_url));
        request.send().await.and_then(reqwest::Response::error_for_status).expect("the card processor forgets faults");
    }

    /// The faults that still wait for their call.
    pub async fn faults(&self) -> Vec<Fault> {
        #[derive(serde::Deserialize)]
        struct Faults {
            faults: Vec<Fault>,
        }
        self.get::<Faults>("faults", None).await.faults
    }

    /// What happened to the money of an order, or of all, in order.
    pub async fn ledger(&self, order_id: Option<&str>) -> Vec<Entry> {
        #[derive(serde::Deserialize)]
        struct Ledger {
            entries: Vec<Entry>,
        }
        self.get::<Ledger>("ledger", order_id).await.entries
    }

    /// The ledger of an order, or of all, added up.
    pub async fn summary(&self, order_id: Option<&str>) -> Summary {
        self.get("ledger/summary", order_id).await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, order_id: Option<&str>) -> T {
        let order_id = order_id.map(|order_id| ("order_id", order_id));
        let request = self.http.get(format!("{}/{path}", self.base_url)).query(order_id.as_slice());
        let answer = request.send().await.and_then(reqwest::Response::error_for_status);
        answer.expect("the card processor answers").json().await.expect("the card processor answers as agreed")
    }
}
