//! Standard Webhooks signing: HMAC-SHA256 (`v1`) and Ed25519 (`v1a`), typed keys, rotation without a gap.
//!
//! Signed text: `id.timestamp.body`. An id must not contain a full stop; ours are `evt_` and hexadecimal digits.
//! Source: standard-webhooks/standard-webhooks, spec/standard-webhooks.md 1.0.0, "Signature scheme".

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use ed25519_dalek::Signer as _;
use hmac::Mac as _;
use rand::CryptoRng;
use rand::RngCore;
use serde::Deserialize;
use serde::Serialize;
use zeroize::Zeroizing;

type HmacSha256 = hmac::Hmac<sha2::Sha256>;

/// Bytes of a `v1` secret; the specification asks for 24 to 64.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// Bytes of a generated `v1` secret.
const SECRET_BYTES_MADE: usize = 32;
/// How far the timestamp of a message may be from the receiver's clock.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);
/// Longest time the old keys may go on signing beside the new ones.
const GRACE_MAX: TimeDelta = TimeDelta::days(7);

/// Which signatures an endpoint gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignatureKind {
    /// HMAC-SHA256 with the shared secret.
    V1,
    /// Ed25519; the receiver holds the public key only.
    V1a,
    /// Both signatures, separated by a space.
    Both,
}

impl SignatureKind {
    /// The name of API and column.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V1a => "v1a",
            Self::Both => "both",
        }
    }

    /// The kind of that name, `None` when there is no such kind.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::V1, Self::V1a, Self::Both].into_iter().find(|kind| kind.slug() == text)
    }

    fn with_v1(self) -> bool {
        matches!(self, Self::V1 | Self::Both)
    }

    fn with_v1a(self) -> bool {
        matches!(self, Self::V1a | Self::Both)
    }
}

/// Why a key text is not taken. Never holds the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefusal {
    #[error("the key does not begin with {0}")]
    Prefix(&'static str),
    #[error("the key is not base64")]
    Base64,
    #[error("the key has the wrong length")]
    Length,
    #[error("the key is not a valid Ed25519 key")]
    Invalid,
}

/// Why a signed message is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyRefusal {
    #[error("the timestamp is not a number of seconds")]
    TimestampMalformed,
    #[error("the timestamp is more than five minutes old")]
    TooOld,
    #[error("the timestamp is more than five minutes ahead")]
    TooNew,
    #[error("no signature fits")]
    NoSignatureFits,
}

/// Shared secret of `v1`, 24 to 64 bytes. Wiped on drop, hidden in debug output.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    const PREFIX: &str = "whsec_";

    /// A fresh secret of 32 bytes.
    #[must_use]
    pub fn generate(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let mut bytes = Zeroizing::new(vec![0; SECRET_BYTES_MADE]);
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// Reads `whsec_<base64>`.
    ///
    /// # Errors
    /// Which rule the text breaks.
    pub fn parse(text: &str) -> Result<Self, KeyRefusal> {
        let bytes = decode(text, Self::PREFIX)?;
        if !SECRET_BYTES.contains(&bytes.len()) {
            return Err(KeyRefusal::Length);
        }
        Ok(Self(bytes))
    }

    /// `whsec_<base64>`, to be shown once or sealed.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        encode(Self::PREFIX, &self.0)
    }

    fn mac(&self, message: &Message<'_>) -> HmacSha256 {
        let mut mac = HmacSha256::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        message.parts(|part| mac.update(part));
        mac
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// Private key of `v1a`. Wiped on drop, hidden in debug output.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    const PREFIX: &str = "whsk_";

    /// A fresh key pair.
    #[must_use]
    pub fn generate(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let mut seed = Zeroizing::new([0; ed25519_dalek::SECRET_KEY_LENGTH]);
        rng.fill_bytes(seed.as_mut_slice());
        Self(ed25519_dalek::SigningKey::from_bytes(&seed))
    }

    /// Reads `whsk_<base64>` of the private and public half together (64 bytes, must belong together) or of the private
    /// half alone (32 bytes).
    ///
    /// # Errors
    /// Which rule the text breaks.
    pub fn parse(text: &str) -> Result<Self, KeyRefusal> {
        let bytes = decode(text, Self::PREFIX)?;
        if let Ok(pair) = <&[u8; ed25519_dalek::KEYPAIR_LENGTH]>::try_from(bytes.as_slice()) {
            return ed25519_dalek::SigningKey::from_keypair_bytes(pair).map(Self).map_err(|_| KeyRefusal::Invalid);
        }
        let seed = <&[u8; ed25519_dalek::SECRET_KEY_LENGTH]>::try_from(bytes.as_slice()).map_err(|_| KeyRefusal::Length)?;
        Ok(Self(ed25519_dalek::SigningKey::from_bytes(seed)))
    }

    /// `whsk_<base64>` of 64 bytes, to be sealed; it never leaves the product.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        encode(Self::PREFIX, Zeroizing::new(self.0.to_keypair_bytes()).as_slice())
    }

    /// The half that receivers get.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(hidden, {})", self.public())
    }
}

/// Public key of `v1a`, shown as `whpk_<base64>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(ed25519_dalek::VerifyingKey);

impl PublicKey {
    const PREFIX: &str = "whpk_";

    /// Reads `whpk_<base64>` of 32 bytes; weak points are refused.
    ///
    /// # Errors
    /// Which rule the text breaks.
    pub fn parse(text: &str) -> Result<Self, KeyRefusal> {
        let bytes = decode(text, Self::PREFIX)?;
        let bytes = <&[u8; ed25519_dalek::PUBLIC_KEY_LENGTH]>::try_from(bytes.as_slice()).map_err(|_| KeyRefusal::Length)?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| KeyRefusal::Invalid)?;
        if key.is_weak() { Err(KeyRefusal::Invalid) } else { Ok(Self(key)) }
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", Self::PREFIX, STANDARD.encode(self.0.as_bytes()))
    }
}

/// One generation of keys: a secret for `v1` and a pair for `v1a`, whichever of the two the endpoint uses.
#[derive(Clone, Debug)]
pub struct Keys {
    pub secret: Secret,
    pub pair: SigningKey,
}

impl Keys {
    /// Fresh keys of both schemes, so that changing the scheme later needs no rotation.
    #[must_use]
    pub fn generate(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        Self { secret: Secret::generate(rng), pair: SigningKey::generate(rng) }
    }

    /// Reads what [`Keys::expose`] wrote.
    ///
    /// # Errors
    /// Which rule the text breaks.
    pub fn parse(text: &str) -> Result<Self, KeyRefusal> {
        let (secret, pair) = text.split_once(' ').ok_or(KeyRefusal::Length)?;
        Ok(Self { secret: Secret::parse(secret)?, pair: SigningKey::parse(pair)? })
    }

    /// `whsec_… whsk_…`: the text to seal.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        let secret = self.secret.expose();
        let pair = self.pair.expose();
        let mut text = Zeroizing::new(String::with_capacity(secret.len() + 1 + pair.len()));
        text.push_str(&secret);
        text.push(' ');
        text.push_str(&pair);
        text
    }
}

/// The keys of an endpoint: the current generation, and the one before until its grace ends. Never more than two.
#[derive(Clone, Debug)]
pub struct KeySet {
    pub current: Keys,
    /// The generation before and the instant from which it no longer signs.
    pub previous: Option<(Keys, DateTime<Utc>)>,
}

impl KeySet {
    /// A set of one generation.
    #[must_use]
    pub fn new(current: Keys) -> Self {
        Self { current, previous: None }
    }

    /// The generations that sign at `now`, newest first: one or two.
    pub fn live(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Keys> {
        let previous = self.previous.as_ref().filter(|(_, until)| now < *until).map(|(keys, _)| keys);
        std::iter::once(&self.current).chain(previous)
    }
}

/// The set after a rotation: `fresh` signs from now on, the current keys beside it for `grace` (0 to 7 days; a negative
/// one counts as 0). A generation that was already on its way out leaves at once, so at most two are live.
#[must_use]
pub fn rotate(old: KeySet, fresh: Keys, now: DateTime<Utc>, grace: TimeDelta) -> KeySet {
    let grace = grace.clamp(TimeDelta::zero(), GRACE_MAX);
    let previous = (!grace.is_zero()).then(|| (old.current, now + grace));
    KeySet { current: fresh, previous }
}

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Header `webhook-id`, the same over all tries.
    pub id: &'a str,
    /// Header `webhook-timestamp`: seconds since 1970 of this try.
    pub timestamp: i64,
    pub body: &'a [u8],
}

impl Message<'_> {
    fn parts(&self, mut take: impl FnMut(&[u8])) {
        take(self.id.as_bytes());
        take(b".");
        take(self.timestamp.to_string().as_bytes());
        take(b".");
        take(self.body);
    }

    fn bytes(&self) -> Vec<u8> {
        let mut text = Vec::with_capacity(self.id.len() + self.body.len() + 24);
        self.parts(|part| text.extend_from_slice(part));
        text
    }
}

/// The value of `webhook-signature`: one signature per live generation and scheme, separated by spaces.
#[must_use]
pub fn sign<'k>(message: &Message<'_>, live: impl IntoIterator<Item = &'k Keys>, kind: SignatureKind) -> String {
    let text = kind.with_v1a().then(|| message.bytes());
    let mut signatures = Vec::with_capacity(4);
    for keys in live {
        if kind.with_v1() {
            let tag = keys.secret.mac(message).finalize().into_bytes();
            signatures.push(format!("v1,{}", STANDARD.encode(tag)));
        }
        if let Some(text) = &text {
            let signature = keys.pair.0.sign(text).to_bytes();
            signatures.push(format!("v1a,{}", STANDARD.encode(signature)));
        }
    }
    signatures.join(" ")
}

/// The receiver's side: accepts when the timestamp is within five minutes of `now` and any signature fits the secret or
/// the public key given. Comparison takes constant time.
///
/// # Errors
/// Why the message is not accepted.
pub fn verify(
    message: &Message<'_>,
    signatures: &str,
    secret: Option<&Secret>,
    public: Option<&PublicKey>,
    now: DateTime<Utc>,
) -> Result<(), VerifyRefusal> {
    let at = DateTime::from_timestamp(message.timestamp, 0).ok_or(VerifyRefusal::TimestampMalformed)?;
    if now - at > TOLERANCE {
        return Err(VerifyRefusal::TooOld);
    }
    if at - now > TOLERANCE {
        return Err(VerifyRefusal::TooNew);
    }
    let fits = signatures.split(' ').any(|entry| match entry.split_once(',') {
        Some(("v1", tag)) => secret.is_some_and(|secret| fits_v1(message, tag, secret)),
        Some(("v1a", tag)) => public.is_some_and(|public| fits_v1a(message, tag, public)),
        _ => false,
    });
    if fits { Ok(()) } else { Err(VerifyRefusal::NoSignatureFits) }
}

fn fits_v1(message: &Message<'_>, tag: &str, secret: &Secret) -> bool {
    STANDARD.decode(tag).is_ok_and(|tag| secret.mac(message).verify_slice(&tag).is_ok())
}

fn fits_v1a(message: &Message<'_>, tag: &str, public: &PublicKey) -> bool {
    let Ok(tag) = STANDARD.decode(tag) else {
        return false;
    };
    let Ok(signature) = ed25519_dalek::Signature::from_slice(&tag) else {
        return false;
    };
    public.0.verify_strict(&message.bytes(), &signature).is_ok()
}

/// A key with its prefix and its last four characters alone, `whsec_…c41d`: enough to tell two apart, too little to sign with.
pub(super) fn masked(key: &str) -> String {
    let (prefix, rest) = key.split_once('_').unwrap_or(("", key));
    let tail = rest.get(rest.len().saturating_sub(4)..).unwrap_or_default();
    format!("{prefix}_…{tail}")
}

fn decode(text: &str, prefix: &'static str) -> Result<Zeroizing<Vec<u8>>, KeyRefusal> {
    let encoded = text.strip_prefix(prefix).ok_or(KeyRefusal::Prefix(prefix))?;
    STANDARD.decode(encoded).map(Zeroizing::new).map_err(|_| KeyRefusal::Base64)
}

fn encode(prefix: &str, bytes: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(prefix.len() + bytes.len().div_ceil(3) * 4));
    text.push_str(prefix);
    STANDARD.encode_string(bytes, &mut text);
    text
}

#[cfg(test)]
mod tests;
