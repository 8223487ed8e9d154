//! Secrets at rest: XChaCha20-Poly1305 under `--secret-key`, a fresh 24-byte nonce in front of each sealed text.

use std::fmt;

use anyhow::Context as _;
use anyhow::bail;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chacha20poly1305::KeyInit;
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::XNonce;
use chacha20poly1305::aead::Aead;
use chacha20poly1305::aead::Payload;

use crate::base::Env;

const NONCE: usize = 24;

/// The key that seals secrets. Never shown.
pub struct SecretKey(XChaCha20Poly1305);

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

impl SecretKey {
    /// Reads 32 bytes in base64.
    ///
    /// # Errors
    /// When it is not base64 of 32 bytes.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let bytes = BASE64_STANDARD.decode(text.trim()).context("the secret key is base64 of 32 bytes")?;
        let Ok(cipher) = XChaCha20Poly1305::new_from_slice(&bytes) else {
            bail!("the secret key is base64 of 32 bytes, this one has {}", bytes.len());
        };
        Ok(Self(cipher))
    }

    /// A new random key in base64, for set-up.
    #[must_use]
    pub fn generate(env: &Env) -> String {
        BASE64_STANDARD.encode(env.bytes::<32>())
    }

    /// Seals a secret for one place (`context`, for example `endpoint_secret/<id>`): it opens nowhere else.
    ///
    /// # Errors
    /// Never for texts below 256 GiB.
    pub fn seal(&self, env: &Env, context: &str, plain: &[u8]) -> anyhow::Result<Vec<u8>> {
        let nonce: [u8; NONCE] = env.bytes();
        let Ok(mut sealed) = self.0.encrypt(XNonce::from_slice(&nonce), Payload { msg: plain, aad: context.as_bytes() }) else {
            bail!("sealing failed");
        };
        let mut out = nonce.to_vec();
        out.append(&mut sealed);
        Ok(out)
    }

    /// Opens what [`SecretKey::seal`] sealed for the same place.
    ///
    /// # Errors
    /// When key, place or bytes are not the same.
    pub fn open(&self, context: &str, sealed: &[u8]) -> anyhow::Result<Vec<u8>> {
        let Some((nonce, text)) = sealed.split_at_checked(NONCE) else {
            bail!("sealed text too short");
        };
        let Ok(plain) = self.0.decrypt(XNonce::from_slice(nonce), Payload { msg: text, aad: context.as_bytes() }) else {
            bail!("sealed text does not open: another secret key, another place, or changed bytes");
        };
        Ok(plain)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn a_secret_opens_only_in_its_place() {
        let env = Env::fixed(DateTime::UNIX_EPOCH, 3);
        let key = SecretKey::parse(&SecretKey::generate(&env)).expect("a key");
        let sealed = key.seal(&env, "endpoint/1", b"whsec_x").expect("sealed");
        assert_eq!(key.open("endpoint/1", &sealed).expect("opens"), b"whsec_x");
        assert!(key.open("endpoint/2", &sealed).is_err());
        assert!(key.open("endpoint/1", &sealed[..10]).is_err());
        let other = SecretKey::parse(&SecretKey::generate(&env)).expect("a key");
        assert!(other.open("endpoint/1", &sealed).is_err());
    }
}
