//! Password hashing, on threads for blocking work and with limited concurrency.

use std::sync::{Arc, LazyLock};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{self, PasswordHasher, PasswordVerifier, phc},
};
use tokio::{sync::Semaphore, task};

use crate::domain::{self, Password};

/// Memory of a hash in KiB, passes and parallelism: OWASP's minimum for argon2id (Password Storage Cheat Sheet).
/// Hashes with other parameters are replaced at the next sign-in, so that these can be raised as hardware allows.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const PARALLELISM: u32 = 1;

/// Hash to verify against if there is no account, so that an unknown address takes as long as a known one. It has the
/// current parameters and no known password.
const DUMMY_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdC4uLg$bm9ib2R5IGhhcyB0aGlzIHBhc3N3b3JkLCBhdCBhbGw";

static ARGON2: LazyLock<Argon2<'static>> = LazyLock::new(|| {
    let params = Params::new(MEMORY_KIB, PASSES, PARALLELISM, None).expect("the parameters are within argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
});

/// Result of the verification of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PasswordCheck {
    /// The password does not match, or there is no account.
    Mismatch,
    Match,
    /// The password matches a hash whose parameters are not the current ones.
    MatchNeedsRehash,
}

/// Failure to hash or verify a password: out of memory, or an invalid stored hash.
#[derive(Debug, thiserror::Error)]
#[error("password hashing failed")]
pub struct HashingError(#[source] password_hash::Error);

/// Hashes passwords. Each hash occupies a core and [`MEMORY_KIB`], so the number of concurrent hashes is limited.
#[derive(Debug, Clone)]
pub(crate) struct Passwords {
    permits: Arc<Semaphore>,
}

impl Passwords {
    pub(crate) fn new(concurrency: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(concurrency)) }
    }

    /// Hashes a password with a new salt.
    pub(crate) async fn hash(&self, password: Password) -> Result<domain::PasswordHash, HashingError> {
        self.run(move || {
            let hash: phc::PasswordHash = ARGON2.hash_password(password.expose())?;
            Ok(domain::PasswordHash::new(hash.to_string()))
        })
        .await
    }

    /// Verifies a password. Without a hash, verifies against [`DUMMY_HASH`], which takes the same time and never
    /// matches.
    pub(crate) async fn verify(
        &self,
        password: Password,
        hash: Option<domain::PasswordHash>,
    ) -> Result<PasswordCheck, HashingError> {
        self.run(move || {
            let stored = phc::PasswordHash::new(hash.as_ref().map_or(DUMMY_HASH, |hash| hash.as_str()))?;
            match ARGON2.verify_password(password.expose(), &stored) {
                Ok(()) if hash.is_none() => Ok(PasswordCheck::Mismatch),
                Ok(()) if is_current(&stored) => Ok(PasswordCheck::Match),
                Ok(()) => Ok(PasswordCheck::MatchNeedsRehash),
                Err(password_hash::Error::PasswordInvalid) => Ok(PasswordCheck::Mismatch),
                Err(error) => Err(error),
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> password_hash::Result<T> + Send + 'static,
    ) -> Result<T, HashingError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.expect("the semaphore is never closed");
        let work = move || {
            // Held until the hash is done, even if the request has been cancelled.
            let _permit = permit;
            work()
        };
        task::spawn_blocking(work).await.expect("hashing does not panic").map_err(HashingError)
    }
}

fn is_current(hash: &phc::PasswordHash) -> bool {
    let params = Params::try_from(hash).ok();
    hash.algorithm == Algorithm::Argon2id.ident()
        && hash.version == Some(Version::V0x13.into())
        && params.is_some_and(|p| (p.m_cost(), p.t_cost(), p.p_cost()) == (MEMORY_KIB, PASSES, PARALLELISM))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::try_from(text.to_owned()).unwrap()
    }

    #[tokio::test]
    async fn a_password_matches_only_its_own_hash() {
        let passwords = Passwords::new(2);
        let right = password("correct horse");
        let hash = passwords.hash(right.clone()).await.unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(passwords.verify(right, Some(hash.clone())).await.unwrap(), PasswordCheck::Match);
        assert_eq!(passwords.verify(password("wrong horse"), Some(hash)).await.unwrap(), PasswordCheck::Mismatch);
    }

    #[tokio::test]
    async fn each_hash_has_its_own_salt() {
        let passwords = Passwords::new(2);
        let (one, two) = (passwords.hash(password("correct horse")), passwords.hash(password("correct horse")));
        assert_ne!(one.await.unwrap(), two.await.unwrap());
    }

    #[tokio::test]
    async fn without_an_account_no_password_matches() {
        assert_eq!(Passwords::new(1).verify(password("anything"), None).await.unwrap(), PasswordCheck::Mismatch);
    }

    #[test]
    fn the_dummy_hash_has_the_current_parameters() {
        assert!(is_current(&phc::PasswordHash::new(DUMMY_HASH).unwrap()));
    }

    #[tokio::test]
    async fn a_hash_with_other_parameters_matches_and_needs_a_rehash() {
        let weaker = Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            Params::new(MEMORY_KIB / 2, PASSES, PARALLELISM, None).unwrap(),
        );
        let hash: phc::PasswordHash = weaker.hash_password(b"correct horse").unwrap();
        let old = domain::PasswordHash::new(hash.to_string());
        let check = Passwords::new(1).verify(password("correct horse"), Some(old)).await.unwrap();
        assert_eq!(check, PasswordCheck::MatchNeedsRehash);
    }
}
