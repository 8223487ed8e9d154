//! Secrets at rest: XChaCha20-Poly1305 under `--secret-key`, a fresh 24-byte nonce in front of each sealed text. Of several keys the
//! first seals and any opens, so a key is replaced while everything runs: add the new one behind the old, put it first, leave the old out.

use std::fmt;

use anyhow::Context as _;
use anyhow::anyhow;
use anyhow::bail;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chacha20poly1305::KeyInit;
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::XNonce;
use chacha20poly1305::aead::Aead;
use chacha20poly1305::aead::Payload;
use zeroize::Zeroizing;

use crate::base::Env;

const NONCE: usize = 24;

/// How a value is mended.
const MEND: &str = "Each key is base64 of 32 bytes, 44 signs that end with =, as `openssl rand -base64 32` makes one. Several are \
                    separated by commas: the first seals, any of them opens.";

/// The keys of secrets: the first seals, any opens. Never shown.
pub struct SecretKey {
    first: XChaCha20Poly1305,
    others: Vec<XChaCha20Poly1305>,
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

impl SecretKey {
    /// Reads 32 bytes in base64, or several of them, separated by commas.
    ///
    /// # Errors
    /// Says which key is wrong, how, and what to do. It never holds any of the text.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let count = text.split(',').count();
        let keys = text.split(',').enumerate();
        let mut ciphers =
            keys.map(|(at, key)| cipher(key.trim()).map_err(|wrong| anyhow!("secret key {} of {count} {wrong}. {MEND}", at + 1)));
        let first = ciphers.next().context(MEND)??;
        Ok(Self { first, others: ciphers.collect::<anyhow::Result<_>>()? })
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
        let Ok(mut sealed) = self.first.encrypt(XNonce::from_slice(&nonce), Payload { msg: plain, aad: context.as_bytes() }) else {
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
        let mut all = std::iter::once(&self.first).chain(&self.others);
        let plain = all.find_map(|key| opened(key, context, sealed));
        plain.context("sealed text does not open: sealed with a secret key that is not given, for another place, or changed")
    }

    /// Whether there are keys that only open.
    #[must_use]
    pub fn is_changing(&self) -> bool {
        !self.others.is_empty()
    }

    /// The same secret sealed with the first key; `None` when it is so already, or no key opens it.
    #[must_use]
    pub fn sealed_anew(&self, env: &Env, context: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        if opened(&self.first, context, sealed).is_some() {
            return None;
        }
        let plain = Zeroizing::new(self.open(context, sealed).ok()?);
        self.seal(env, context, &plain).ok()
    }
}

/// The cipher of one key, or what is wrong with it.
fn cipher(key: &str) -> Result<XChaCha20Poly1305, String> {
    if key.is_empty() {
        return Err("is empty".to_owned());
    }
    let bytes = Zeroizing::new(BASE64_STANDARD.decode(key).map_err(|_| "is not base64".to_owned())?);
    XChaCha20Poly1305::new_from_slice(&bytes).map_err(|_| format!("has {} bytes", bytes.len()))
}

fn opened(key: &XChaCha20Poly1305, context: &str, sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, text) = sealed.split_at_checked(NONCE)?;
    key.decrypt(XNonce::from_slice(nonce), Payload { msg: text, aad: context.as_bytes() }).ok()
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

    #[test]
    fn a_key_is_replaced_while_everything_runs() {
        let env = Env::fixed(DateTime::UNIX_EPOCH, 4);
        let (old, new) = (SecretKey::generate(&env), SecretKey::generate(&env));
        let of = |text: &str| SecretKey::parse(text).expect("keys");
        let sealed = of(&old).seal(&env, "endpoint/1", b"whsec_x").expect("sealed");
        let both = of(&format!("{new}, {old}\n"));
        assert_eq!(both.open("endpoint/1", &sealed).expect("opens"), b"whsec_x");
        assert!(both.open("endpoint/2", &sealed).is_err() && of(&new).open("endpoint/1", &sealed).is_err());
        assert!(both.is_changing() && !of(&new).is_changing());
        let anew = both.sealed_anew(&env, "endpoint/1", &sealed).expect("an older key had sealed it");
        assert_eq!(of(&new).open("endpoint/1", &anew).expect("the first key seals"), b"whsec_x");
        assert_eq!(of(&format!("{old},{new}")).open("endpoint/1", &anew).expect("whoever has both opens it"), b"whsec_x");
        assert_eq!(both.sealed_anew(&env, "endpoint/1", &anew), None);
        assert_eq!(both.sealed_anew(&env, "endpoint/2", &sealed), None, "nothing opens it there");
    }

    #[test]
    fn a_bad_value_says_which_key_is_wrong_and_how_to_mend_it() {
        let good = SecretKey::generate(&Env::fixed(DateTime::UNIX_EPOCH, 5));
        let short = BASE64_STANDARD.encode([7; 16]);
        let cases = [
            (String::new(), "secret key 1 of 1 is empty. "),
            (format!("{good},"), "secret key 2 of 2 is empty. "),
            (format!("{good},hunter2!,{good}"), "secret key 2 of 3 is not base64. "),
            (short.clone(), "secret key 1 of 1 has 16 bytes. "),
        ];
        for (value, begins) in cases {
            let error = SecretKey::parse(&value).expect_err(&value).to_string();
            assert!(error.starts_with(begins) && error.contains("openssl rand -base64 32"), "{error}");
            assert!(!error.contains("hunter2") && !error.contains(&short) && !error.contains(&good), "{error}");
        }
    }
}
