//! `private_key_jwt`: an API client proves who it is by a JWT that it signs with its own key (RFC 7523, sections 2.2 and 3).

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use jsonwebtoken::Validation;
use jsonwebtoken::decode;
use jsonwebtoken::decode_header;
use serde::Deserialize;

use super::public_key::PublicKey;

/// `client_assertion_type` of a signed JWT.
pub const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Bytes of an assertion at most.
const LONGEST: usize = 8_192;
/// Signs of a `jti` at most.
const JTI: usize = 255;
/// How far clocks may be apart.
const LEEWAY: TimeDelta = TimeDelta::seconds(30);
/// How far ahead `exp` may be: so long its `jti` is kept.
const AHEAD: TimeDelta = TimeDelta::minutes(10);

/// Why an assertion proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("client_assertion must be a JWT with iss, sub, aud, exp and jti, signed by ES256, EdDSA or RS256, without crit")]
    Unreadable,
    #[error("the assertion's signature fits no key of this client, or its alg is not that of the key")]
    Signature,
    #[error("iss and sub of the assertion must both be the client id")]
    Subject,
    #[error("aud of the assertion must be the address of the token endpoint")]
    Audience,
    #[error("the assertion has expired")]
    Expired,
    #[error("exp of the assertion is more than 10 minutes ahead")]
    TooLong,
    #[error("nbf or iat of the assertion lies ahead: compare the clocks")]
    Early,
    #[error("jti of the assertion must have 1 to 255 signs")]
    Jti,
    #[error("an assertion with this jti has been used before: make a new one for each request")]
    Replayed,
}

/// What an assertion has proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// Thumbprint of the key.
    pub key: String,
    /// To be taken once.
    pub jti: String,
    /// Until when its `jti` must be known.
    pub until: DateTime<Utc>,
}

/// RFC 7519, section 4.1; what must be there by RFC 7523, section 3, and the `jti` that makes it good for one request.
#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: f64,
    nbf: Option<f64>,
    iat: Option<f64>,
    jti: String,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn names(&self, address: &str) -> bool {
        match self {
            Self::One(one) => one == address,
            Self::Many(all) => all.iter().any(|one| one == address),
        }
    }
}

/// Who an assertion says it is of. Nothing is proved by it.
///
/// # Errors
/// [`Fault::Unreadable`].
pub fn claimed(assertion: &str) -> Result<String, Fault> {
    if assertion.len() > LONGEST {
        return Err(Fault::Unreadable);
    }
    let data = jsonwebtoken::dangerous::insecure_decode::<Claims>(assertion).map_err(|_| Fault::Unreadable)?;
    Ok(data.claims.sub)
}

/// Holds an assertion against the keys of the client that it names. `audiences` are the addresses of the token endpoint.
///
/// # Errors
/// See [`Fault`]; the signature is looked at before any claim.
pub fn prove(assertion: &str, client: &str, keys: &[PublicKey], audiences: &[String], now: DateTime<Utc>) -> Result<Proved, Fault> {
    let header = decode_header(assertion).map_err(|_| Fault::Unreadable)?;
    // What is marked as not to be passed over must be understood (RFC 7515, 4.1.11), and nothing of that kind is.
    if header.crit.is_some() {
        return Err(Fault::Unreadable);
    }
    let (key, claims) = keys
        .iter()
        .filter(|key| key.algorithm() == header.alg)
        .find_map(|key| Some((key, signed(assertion, key)?)))
        .ok_or(Fault::Signature)?;
    if claims.iss != client || claims.sub != client {
        return Err(Fault::Subject);
    }
    if !audiences.iter().any(|address| claims.aud.names(address)) {
        return Err(Fault::Audience);
    }
    let expires = time(claims.exp)?;
    if expires <= now - LEEWAY {
        return Err(Fault::Expired);
    }
    if expires > now + AHEAD + LEEWAY {
        return Err(Fault::TooLong);
    }
    for from in [claims.nbf, claims.iat].into_iter().flatten() {
        if time(from)? > now + LEEWAY {
            return Err(Fault::Early);
        }
    }
    if !(1..=JTI).contains(&claims.jti.chars().count()) {
        return Err(Fault::Jti);
    }
    Ok(Proved { key: key.thumbprint(), jti: claims.jti, until: expires + LEEWAY })
}

/// The claims, when the key has signed them. Times are looked at by whoever asks: this knows no clock.
fn signed(assertion: &str, key: &PublicKey) -> Option<Claims> {
    let mut only = Validation::new(key.algorithm());
    only.required_spec_claims.clear();
    only.validate_exp = false;
    only.validate_aud = false;
    Some(decode::<Claims>(assertion, &key.decoding()?, &only).ok()?.claims)
}

/// A `NumericDate` of RFC 7519: seconds since 1970, which may have a fraction.
fn time(seconds: f64) -> Result<DateTime<Utc>, Fault> {
    #[expect(clippy::cast_possible_truncation, reason = "saturates, and what is out of range is no time")]
    let whole = seconds.floor() as i64;
    DateTime::from_timestamp(whole, 0).ok_or(Fault::Unreadable)
}

#[cfg(test)]
pub(super) mod tests {
    use aws_lc_rs::encoding::AsDer as _;
    use aws_lc_rs::encoding::PublicKeyX509Der;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa;
    use aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING;
    use aws_lc_rs::signature::EcdsaKeyPair;
    use aws_lc_rs::signature::Ed25519KeyPair;
    use aws_lc_rs::signature::KeyPair as _;
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use jsonwebtoken::Algorithm;
    use jsonwebtoken::EncodingKey;
    use jsonwebtoken::Header;
    use jsonwebtoken::encode;
    use serde_json::Value;
    use serde_json::json;

    use super::*;

    pub const TOKEN_URL: &str = "https://concord.example/oauth/token";
    const CLIENT: &str = "client_1";

    /// A pair of keys: the half that signs, and the other as PEM.
    pub struct Pair {
        pub algorithm: Algorithm,
        pub signs: EncodingKey,
        pub pem: String,
    }

    impl Pair {
        pub fn ed() -> Self {
            let pair = Ed25519KeyPair::generate().expect("a pair");
            let private = pair.to_pkcs8().expect("DER");
            let public: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("DER");
            Self { algorithm: Algorithm::EdDSA, signs: EncodingKey::from_ed_der(private.as_ref()), pem: pem(public.as_ref()) }
        }

        pub fn ec() -> Self {
            let private = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).expect("a pair");
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, private.as_ref()).expect("a pair");
            let public: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("DER");
            Self { algorithm: Algorithm::ES256, signs: EncodingKey::from_ec_der(private.as_ref()), pem: pem(public.as_ref()) }
        }

        pub fn rsa() -> Self {
            let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).expect("a pair");
            let private: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().expect("DER");
            let public: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("DER");
            // The signing half is read as PKCS#1 by the library, which PEM lets it find in PKCS#8.
            let text = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines(private.as_ref()));
            let signs = EncodingKey::from_rsa_pem(text.as_bytes()).expect("a key");
            Self { algorithm: Algorithm::RS256, signs, pem: pem(public.as_ref()) }
        }

        pub fn public(&self) -> PublicKey {
            PublicKey::parse(&self.pem).expect("a public key")
        }

        pub fn sign(&self, claims: &Value) -> String {
            encode(&Header::new(self.algorithm), claims, &self.signs).expect("signed")
        }
    }

    fn lines(der: &[u8]) -> String {
        let coded = BASE64_STANDARD.encode(der);
        let parts: Vec<&str> = coded.as_bytes().chunks(64).map(|part| std::str::from_utf8(part).expect("ASCII")).collect();
        parts.join("\n")
    }

    fn pem(der: &[u8]) -> String {
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines(der))
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).expect("a time")
    }

    fn good() -> Value {
        let at = now().timestamp();
        json!({ "iss": CLIENT, "sub": CLIENT, "aud": TOKEN_URL, "iat": at, "exp": at + 300, "jti": "one" })
    }

    fn judge(pair: &Pair, claims: &Value) -> Result<Proved, Fault> {
        prove(&pair.sign(claims), CLIENT, &[pair.public()], &[TOKEN_URL.to_owned()], now())
    }

    #[test]
    fn each_algorithm_proves_its_client() {
        for pair in [Pair::ed(), Pair::ec(), Pair::rsa()] {
            let text = pair.sign(&good());
            assert_eq!(claimed(&text).as_deref(), Ok(CLIENT));
            let proved = judge(&pair, &good()).expect("proved");
            assert_eq!((proved.jti.as_str(), proved.key), ("one", pair.public().thumbprint()));
            assert_eq!(proved.until, now() + TimeDelta::seconds(330));
            // Several addresses, and a key among others.
            let mut claims = good();
            claims["aud"] = json!(["https://other.example", TOKEN_URL]);
            let keys = [Pair::ed().public(), Pair::ec().public(), pair.public()];
            assert!(prove(&pair.sign(&claims), CLIENT, &keys, &[TOKEN_URL.to_owned()], now()).is_ok());
        }
    }

    #[test]
    fn each_claim_is_looked_at() {
        let pair = Pair::ed();
        let at = now().timestamp();
        let with = |key: &str, value: Value| {
            let mut claims = good();
            claims[key] = value;
            judge(&pair, &claims).err()
        };
        assert_eq!(with("jti", json!("two")), None);
        assert_eq!(with("iss", json!("client_2")), Some(Fault::Subject));
        assert_eq!(with("sub", json!("client_2")), Some(Fault::Subject));
        assert_eq!(with("aud", json!("https://other.example/oauth/token")), Some(Fault::Audience));
        assert_eq!(with("aud", json!([])), Some(Fault::Audience));
        assert_eq!(with("aud", json!(format!("{TOKEN_URL}/"))), Some(Fault::Audience));
        assert_eq!(with("exp", json!(at - 29)), None);
        assert_eq!(with("exp", json!(at - 30)), Some(Fault::Expired));
        assert_eq!(with("exp", json!(at + 630)), None);
        assert_eq!(with("exp", json!(at + 631)), Some(Fault::TooLong));
        assert_eq!(with("exp", json!(8_210_266_876_799_i64)), Some(Fault::TooLong));
        assert_eq!(with("exp", json!(1e300)), Some(Fault::Unreadable));
        assert_eq!(with("nbf", json!(8_210_266_876_799_i64)), Some(Fault::Early));
        assert_eq!(with("nbf", json!(at + 30)), None);
        assert_eq!(with("nbf", json!(at + 31)), Some(Fault::Early));
        assert_eq!(with("iat", json!(1_790_000_031.5)), Some(Fault::Early));
        assert_eq!(with("jti", json!("")), Some(Fault::Jti));
        assert_eq!(with("jti", json!("x".repeat(256))), Some(Fault::Jti));
        for key in ["iss", "sub", "aud", "exp", "jti"] {
            let mut claims = good();
            claims.as_object_mut().expect("an object").remove(key);
            assert!(judge(&pair, &claims).is_err(), "{key}");
            assert_eq!(claimed(&pair.sign(&claims)), Err(Fault::Unreadable), "{key}");
        }
    }

    #[test]
    fn nothing_unsigned_or_signed_by_another_is_taken() {
        let (pair, other) = (Pair::ed(), Pair::ed());
        let keys = [pair.public()];
        let held = |text: &str| prove(text, CLIENT, &keys, &[TOKEN_URL.to_owned()], now()).expect_err("refused");
        assert_eq!(held(&other.sign(&good())), Fault::Signature);
        let text = pair.sign(&good());
        let parts: Vec<&str> = text.split('.').collect();
        let coded = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        // The signature of other claims, none at all, the words for none, and the public key as a secret.
        let mut claims = good();
        claims["jti"] = json!("other");
        assert_eq!(held(&format!("{}.{}.{}", parts[0], coded(&claims), parts[2])), Fault::Signature);
        assert_eq!(held(&format!("{}.{}.", parts[0], parts[1])), Fault::Signature);
        assert_eq!(held(&format!("{}.{}.", coded(&json!({ "alg": "none" })), parts[1])), Fault::Unreadable);
        let by_secret =
            encode(&Header::new(Algorithm::HS256), &good(), &EncodingKey::from_secret(pair.pem.as_bytes())).expect("signed");
        assert_eq!(held(&by_secret), Fault::Signature);
        let critical = Header { crit: Some(vec!["b64".to_owned()]), ..Header::new(Algorithm::EdDSA) };
        assert_eq!(held(&encode(&critical, &good(), &pair.signs).expect("signed")), Fault::Unreadable);
        for text in ["", "x", "a.b", "a.b.c", "a.b.c.d", &"x".repeat(9_000)] {
            assert_eq!(claimed(text), Err(Fault::Unreadable));
            assert_eq!(held(text), Fault::Unreadable);
        }
        assert_eq!(prove(&text, CLIENT, &[], &[TOKEN_URL.to_owned()], now()), Err(Fault::Signature));
    }
}
