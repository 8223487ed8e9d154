//! Secrets of machines and their tokens: random, shown once, kept as hashes.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::Digest;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::base::Env;

/// A secret or token that is shown once: 32 random bytes after a prefix that tells what it is. Only its hash is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Secret {
    /// A new client secret, `ccs_…`.
    #[must_use]
    pub fn client(env: &Env) -> Self {
        Self::new(env, "ccs_")
    }

    /// A new access token, `cat_…`.
    #[must_use]
    pub fn token(env: &Env) -> Self {
        Self::new(env, "cat_")
    }

    /// A secret chosen by the caller; for the demo and for tests.
    #[must_use]
    pub fn given(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    fn new(env: &Env, prefix: &str) -> Self {
        Self(format!("{prefix}{}", BASE64_URL_SAFE_NO_PAD.encode(env.bytes::<32>())))
    }

    /// The secret itself, to be shown once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored.
    #[must_use]
    pub fn hash(&self) -> Vec<u8> {
        secret_hash(&self.0)
    }
}

/// SHA-256 of a secret. Enough for 32 random bytes; passwords go through Argon2id.
#[must_use]
pub fn secret_hash(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}

/// Whether a presented secret is the one whose hash is stored, in a time that does not tell where they differ.
#[must_use]
pub fn secret_matches(presented: &str, stored: &[u8]) -> bool {
    secret_hash(presented).ct_eq(stored).into()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn a_secret_matches_only_its_own_hash() {
        let env = Env::fixed(DateTime::UNIX_EPOCH, 1);
        let (one, two) = (Secret::client(&env), Secret::client(&env));
        assert_ne!(one.reveal(), two.reveal());
        assert!(secret_matches(one.reveal(), &one.hash()));
        assert!(!secret_matches(two.reveal(), &one.hash()));
        assert!(!secret_matches(one.reveal(), &one.hash()[..31]));
        assert_eq!(format!("{one:?}"), "Secret(..)");
    }
}
