//! Hashing and checking passwords, off the runtime's threads and a few at a time.

use std::sync::{Arc, LazyLock};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{self, PasswordHasher, PasswordVerifier, phc},
};
use tokio::{sync::Semaphore, task};

use crate::domain::{self, Password};

/// Memory of one hash in KiB, passes and lanes: the floor that OWASP's Password Storage Cheat Sheet gives for argon2id.
/// Raise them when hardware allows: hashes with other parameters are renewed at their owners' next sign-in.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// What a password is checked against when there is no account, so that an unknown address takes as long as a known one.
/// It has the current parameters and no known password.
const NOBODYS_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdC4uLg$bm9ib2R5IGhhcyB0aGlzIHBhc3N3b3JkLCBhdCBhbGw";

static ARGON2: LazyLock<Argon2<'static>> = LazyLock::new(|| {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the parameters are within argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
});

/// How a password compares with an account's hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is not the account's, or there is no account.
    Wrong,
    /// It is the account's.
    Right,
    /// It is the account's, and its hash has parameters that are no longer the current ones.
    RightButOutdated,
}

/// A password could not be hashed or checked: out of memory, or a stored hash that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("hashing failed: {0}")]
pub struct HashingFailed(password_hash::Error);

/// Hashes passwords. Each hash takes a core and [`MEMORY_KIB`]; more at a time than cores would only make all of them late.
#[derive(Debug, Clone)]
pub struct Passwords {
    permits: Arc<Semaphore>,
}

impl Passwords {
    /// For `at_once` hashes at a time.
    pub fn new(at_once: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(at_once)) }
    }

    /// The hash to store for a password, with a new salt.
    pub async fn hash(&self, password: Password) -> Result<domain::PasswordHash, HashingFailed> {
        self.run(move || {
            let hash: phc::PasswordHash = ARGON2.hash_password(password.expose())?;
            Ok(domain::PasswordHash::new(hash.to_string()))
        })
        .await
    }

    /// Compares a password with an account's hash; with nobody's where there is no account, which is always wrong and
    /// takes the same time.
    pub async fn verify(
        &self,
        password: Password,
        hash: Option<domain::PasswordHash>,
    ) -> Result<Verdict, HashingFailed> {
        self.run(move || {
            let stored = phc::PasswordHash::new(hash.as_ref().map_or(NOBODYS_HASH, |hash| hash.as_str()))?;
            match ARGON2.verify_password(password.expose(), &stored) {
                Ok(()) if hash.is_none() => Ok(Verdict::Wrong),
                Ok(()) if is_current(&stored) => Ok(Verdict::Right),
                Ok(()) => Ok(Verdict::RightButOutdated),
                Err(password_hash::Error::PasswordInvalid) => Ok(Verdict::Wrong),
                Err(error) => Err(error),
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> password_hash::Result<T> + Send + 'static,
    ) -> Result<T, HashingFailed> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.expect("the semaphore is never closed");
        let work = move || {
            let _held_until_done_even_if_nobody_waits = permit;
            work()
        };
        task::spawn_blocking(work).await.expect("hashing does not panic").map_err(HashingFailed)
    }
}

fn is_current(hash: &phc::PasswordHash) -> bool {
    let params = Params::try_from(hash).ok();
    hash.algorithm == Algorithm::Argon2id.ident()
        && hash.version == Some(Version::V0x13.into())
        && params.is_some_and(|p| (p.m_cost(), p.t_cost(), p.p_cost()) == (MEMORY_KIB, PASSES, LANES))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::try_from(text.to_owned()).unwrap()
    }

    #[tokio::test]
    async fn a_password_fits_its_own_hash_and_no_other() {
        let passwords = Passwords::new(2);
        let hash = passwords.hash(password("correct horse")).await.unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(passwords.verify(password("correct horse"), Some(hash.clone())).await.unwrap(), Verdict::Right);
        assert_eq!(passwords.verify(password("wrong horse"), Some(hash)).await.unwrap(), Verdict::Wrong);
    }

    #[tokio::test]
    async fn the_same_password_is_hashed_differently_each_time() {
        let passwords = Passwords::new(2);
        let (one, two) = (passwords.hash(password("correct horse")), passwords.hash(password("correct horse")));
        assert_ne!(one.await.unwrap(), two.await.unwrap());
    }

    #[tokio::test]
    async fn without_an_account_every_password_is_wrong() {
        assert_eq!(Passwords::new(1).verify(password("anything"), None).await.unwrap(), Verdict::Wrong);
    }

    #[test]
    fn nobodys_hash_costs_what_a_current_one_costs() {
        assert!(is_current(&phc::PasswordHash::new(NOBODYS_HASH).unwrap()));
    }

    #[tokio::test]
    async fn a_hash_of_other_parameters_still_fits_and_is_outdated() {
        let weaker =
            Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(MEMORY_KIB / 2, PASSES, LANES, None).unwrap());
        let hash: phc::PasswordHash = weaker.hash_password(b"correct horse").unwrap();
        let old = domain::PasswordHash::new(hash.to_string());
        let verdict = Passwords::new(1).verify(password("correct horse"), Some(old)).await.unwrap();
        assert_eq!(verdict, Verdict::RightButOutdated);
    }
}
