//! The keys of the token issuer, shared by the task that reads them and the requests that need them.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep, timeout},
};

use crate::{
    Problem, ProblemType,
    auth::{Claims, InvalidToken, Verifier},
};

/// Shortest time between two reads that tokens with an unknown key cause: such a token costs its sender nothing.
const MIN_AGE: Duration = Duration::from_secs(3);
/// Longest time that a request waits for a read.
const READ_LIMIT: Duration = Duration::from_secs(2);

/// Verifier of access tokens with the latest keys. The router's state provides it (`FromRef`).
#[derive(Debug, Clone)]
pub struct Tokens {
    keys: watch::Receiver<Keys>,
    wanted: Arc<Notify>,
}

/// Publishing side of [`Tokens`].
#[derive(Debug)]
pub struct TokenKeys {
    keys: watch::Sender<Keys>,
    wanted: Arc<Notify>,
}

/// Latest keys; `None` until the first read succeeds.
#[derive(Debug, Clone, Default)]
struct Keys {
    verifier: Option<Arc<Verifier>>,
    read_at: Option<Instant>,
}

impl TokenKeys {
    /// Creates both sides, without keys.
    pub fn channel() -> (Self, Tokens) {
        let (sender, receiver) = watch::channel(Keys::default());
        let wanted = Arc::<Notify>::default();
        (Self { keys: sender, wanted: wanted.clone() }, Tokens { keys: receiver, wanted })
    }

    /// Publishes the outcome of a read; `None` keeps the keys that are known. Returns true if keys are known.
    pub fn publish(&self, verifier: Option<Verifier>) -> bool {
        self.keys.send_modify(|keys| {
            keys.verifier = verifier.map(Arc::new).or(keys.verifier.take());
            keys.read_at = Some(Instant::now());
        });
        self.keys.borrow().verifier.is_some()
    }

    /// Waits until a token has an unknown key, but at least [`MIN_AGE`].
    pub async fn wanted(&self) {
        sleep(MIN_AGE).await;
        self.wanted.notified().await;
    }
}

impl Tokens {
    /// Verifies tokens with keys that do not change.
    pub fn fixed(verifier: Verifier) -> Self {
        let (keys, tokens) = TokenKeys::channel();
        keys.publish(Some(verifier));
        tokens
    }

    /// Verifies an access token. If its key is unknown, the keys are read first: the issuer may have a new one.
    pub(super) async fn verify(&self, token: &str) -> Result<Claims, Problem> {
        let mut keys = self.keys.clone();
        let mut read = keys.borrow_and_update().clone();
        let mut verified = read.verify(token);
        let is_old = read.read_at.is_none_or(|at| at.elapsed() >= MIN_AGE);
        if is_old && verified.as_ref().is_err_and(|error| *error == InvalidToken::UnknownKey) {
            self.wanted.notify_one();
            // After the limit, or without a reader, the known keys decide.
            _ = timeout(READ_LIMIT, keys.changed()).await;
            read = keys.borrow().clone();
            verified = read.verify(token);
        }
        verified.map_err(|_| match read.verifier {
            Some(_) => Problem::new(ProblemType::Unauthenticated),
            None => Problem::new(ProblemType::Unavailable).with_detail("the token issuer's keys are not loaded yet"),
        })
    }
}

impl Keys {
    fn verify(&self, token: &str) -> Result<Claims, InvalidToken> {
        self.verifier.as_ref().ok_or(InvalidToken::UnknownKey)?.verify(token)
    }
}
