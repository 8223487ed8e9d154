//! Public keys of API clients: read from what `OpenSSL` or a JOSE library writes, kept as the one canonical JWK of RFC 7638.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;
use spki::ObjectIdentifier;
use spki::SubjectPublicKeyInfoRef;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// Bits that an RSA modulus may have.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// Bytes of an RSA exponent at most: what checks signatures takes no longer one.
const EXPONENT: usize = 4;
/// Bytes of a coordinate on P-256, and of an Ed25519 key.
const POINT: usize = 32;
/// Signs of a text that is read at all.
const LONGEST: usize = 16_384;

/// Why a text is not taken as a public key. What it says also says how to mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    #[error("Paste the public key: PEM that begins with -----BEGIN PUBLIC KEY-----, or a JWK.")]
    Unreadable,
    #[error(
        "This is a private key, which must never leave your system. Take it as lost, make a new pair, and paste the public half: openssl pkey \
         -in key.pem -pubout"
    )]
    Private,
    #[error("This is a certificate. Paste the key in it: openssl x509 -in cert.pem -pubkey -noout")]
    Certificate,
    #[error("Keys are P-256 (ES256), Ed25519 (EdDSA) or RSA (RS256).")]
    Kind,
    #[error("An RSA key has 2048 to 8192 bits, and an exponent of at most 32.")]
    Size,
    #[error("The set holds several keys. Add them one by one.")]
    Several,
}

/// A public key by its canonical JWK: members in the order and form of RFC 7638, section 3.2; numbers as base64url.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kty", deny_unknown_fields)]
pub enum PublicKey {
    #[serde(rename = "EC")]
    Ec { crv: String, x: String, y: String },
    #[serde(rename = "OKP")]
    Ed { crv: String, x: String },
    #[serde(rename = "RSA")]
    Rsa { e: String, n: String },
}

impl PublicKey {
    /// Reads PEM (RFC 7468: SPKI, or PKCS#1 of RSA), a JWK (RFC 7517) or a set of one.
    ///
    /// # Errors
    /// See [`KeyFault`].
    pub fn parse(text: &str) -> Result<Self, KeyFault> {
        let text = text.trim();
        if text.len() > LONGEST {
            return Err(KeyFault::Unreadable);
        }
        if text.contains("PRIVATE KEY-----") {
            return Err(KeyFault::Private);
        }
        if text.starts_with('{') { from_jwk(text) } else { from_pem(text) }
    }

    /// What is kept, and hashed: no member but those that make the key.
    #[must_use]
    pub fn canonical(&self) -> String {
        match self {
            Self::Ec { crv, x, y } => format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#),
            Self::Ed { crv, x } => format!(r#"{{"crv":"{crv}","kty":"OKP","x":"{x}"}}"#),
            Self::Rsa { e, n } => format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#),
        }
    }

    /// The SHA-256 thumbprint of RFC 7638: 43 signs of base64url.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(self.canonical()))
    }

    /// The one algorithm that it is good for.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ec { .. } => Algorithm::ES256,
            Self::Ed { .. } => Algorithm::EdDSA,
            Self::Rsa { .. } => Algorithm::RS256,
        }
    }

    /// `ES256`, `EdDSA` or `RS256`.
    #[must_use]
    pub fn algorithm_name(&self) -> &'static str {
        match self {
            Self::Ec { .. } => "ES256",
            Self::Ed { .. } => "EdDSA",
            Self::Rsa { .. } => "RS256",
        }
    }

    /// What checks signatures; `None` when the kept text is damaged.
    #[must_use]
    pub fn decoding(&self) -> Option<DecodingKey> {
        match self {
            Self::Ec { x, y, .. } => DecodingKey::from_ec_components(x, y).ok(),
            Self::Ed { x, .. } => DecodingKey::from_ed_components(x).ok(),
            Self::Rsa { e, n } => DecodingKey::from_rsa_components(n, e).ok(),
        }
    }

    fn ec(x: &[u8], y: &[u8]) -> Result<Self, KeyFault> {
        let whole = x.len() == POINT && y.len() == POINT;
        whole.then(|| Self::Ec { crv: "P-256".to_owned(), x: coded(x), y: coded(y) }).ok_or(KeyFault::Unreadable)
    }

    fn ed(x: &[u8]) -> Result<Self, KeyFault> {
        (x.len() == POINT).then(|| Self::Ed { crv: "Ed25519".to_owned(), x: coded(x) }).ok_or(KeyFault::Unreadable)
    }

    fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyFault> {
        let (modulus, exponent) = (unpadded(modulus), unpadded(exponent));
        let first = modulus.first().map_or(8, |byte| byte.leading_zeros() as usize);
        if !RSA_BITS.contains(&(modulus.len() * 8).saturating_sub(first)) || exponent.len() > EXPONENT {
            return Err(KeyFault::Size);
        }
        // Odd and at least 3, as every exponent in use.
        let odd = exponent.last().is_some_and(|byte| byte % 2 == 1) && exponent != [1];
        odd.then(|| Self::Rsa { e: coded(exponent), n: coded(modulus) }).ok_or(KeyFault::Unreadable)
    }
}

fn coded(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// A number without zero bytes in front.
fn unpadded(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    &bytes[zeros..]
}

fn from_jwk(text: &str) -> Result<PublicKey, KeyFault> {
    let value: Value = serde_json::from_str(text).map_err(|_| KeyFault::Unreadable)?;
    let all = value["keys"].as_array().map_or(std::slice::from_ref(&value), Vec::as_slice);
    if all.iter().any(|jwk| ["d", "p", "q", "k"].iter().any(|member| !jwk[member].is_null())) {
        return Err(KeyFault::Private);
    }
    let jwk = match all {
        [one] => one,
        [] => return Err(KeyFault::Unreadable),
        _ => return Err(KeyFault::Several),
    };
    let bytes = |name: &str| -> Result<Vec<u8>, KeyFault> {
        let coded = jwk[name].as_str().ok_or(KeyFault::Unreadable)?;
        BASE64_URL_SAFE_NO_PAD.decode(coded.trim_end_matches('=')).map_err(|_| KeyFault::Unreadable)
    };
    match (jwk["kty"].as_str(), jwk["crv"].as_str()) {
        (Some("EC"), Some("P-256")) => PublicKey::ec(&bytes("x")?, &bytes("y")?),
        (Some("OKP"), Some("Ed25519")) => PublicKey::ed(&bytes("x")?),
        (Some("RSA"), _) => PublicKey::rsa(&bytes("n")?, &bytes("e")?),
        (Some(_), _) => Err(KeyFault::Kind),
        (None, _) => Err(KeyFault::Unreadable),
    }
}

fn from_pem(text: &str) -> Result<PublicKey, KeyFault> {
    let (label, der) = boxed(text).ok_or(KeyFault::Unreadable)?;
    match label {
        "PUBLIC KEY" => from_spki(&der),
        "RSA PUBLIC KEY" => from_pkcs1(&der),
        "CERTIFICATE" => Err(KeyFault::Certificate),
        _ => Err(KeyFault::Unreadable),
    }
}

/// Label and content of PEM, with lines of any length: not every program writes the 64 signs of RFC 7468.
fn boxed(text: &str) -> Option<(&str, Vec<u8>)> {
    let (label, rest) = text.strip_prefix("-----BEGIN ")?.split_once("-----")?;
    let inner = rest.strip_suffix("-----")?.strip_suffix(label)?.strip_suffix("-----END ")?;
    let coded: String = inner.split_ascii_whitespace().collect();
    Some((label, BASE64_STANDARD.decode(coded).ok()?))
}

fn from_spki(der: &[u8]) -> Result<PublicKey, KeyFault> {
    let info = SubjectPublicKeyInfoRef::try_from(der).map_err(|_| KeyFault::Unreadable)?;
    let bytes = info.subject_public_key.as_bytes().ok_or(KeyFault::Unreadable)?;
    match info.algorithm.oid {
        RSA => from_pkcs1(bytes),
        ED25519 => PublicKey::ed(bytes),
        EC if info.algorithm.parameters_oid().is_ok_and(|curve| curve == P256) => match bytes {
            // Uncompressed (SEC 1, section 2.3.3), as `OpenSSL` and every JOSE library write it.
            [4, point @ ..] if point.len() == 2 * POINT => PublicKey::ec(&point[..POINT], &point[POINT..]),
            _ => Err(KeyFault::Unreadable),
        },
        _ => Err(KeyFault::Kind),
    }
}

fn from_pkcs1(der: &[u8]) -> Result<PublicKey, KeyFault> {
    let key = pkcs1::RsaPublicKey::try_from(der).map_err(|_| KeyFault::Unreadable)?;
    PublicKey::rsa(key.modulus.as_bytes(), key.public_exponent.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EC_PEM: &str = "-----BEGIN PUBLIC KEY-----\n\
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEzMnj8D932wPfxu5MZh76p+lidgar\n\
        TugZIhUt7U947FuB/FiFUcM2bncol+XkXRB5o67q6H8HN9dhf2LqU7trWw==\n\
        -----END PUBLIC KEY-----";
    const ED_PEM: &str = "-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEAHcKekxXStUYAqpK3/F++Cg274oofi88Wtlxd5nU96Uk=\n\
        -----END PUBLIC KEY-----";
    const RSA_PEM: &str = "-----BEGIN PUBLIC KEY-----\n\
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArprEbLcmFJw7aKaywU+5\n\
        U/IC5DNlU8i88ofrJzpBfafkmtnhtH2r3WcaTpcu5MBmBXtougGaN8UXhnAf3+eU\n\
        DrEGiV9SB7uX2zllz7ie/i1r9aVppnW+9DUYcSXUxhgVkFPjjW+J3XAk/hNl5gKU\n\
        zvYBzdItbv0HI+cptYQOHTC+piL9gg1lo9LYVpldHMpNodlwxb2z1T561yT9HuiV\n\
        tgSOstMWfiXvfaKsVbS25gZGg0GborUoVK6axrW58PDXFHiqjcrsstAvQusW9RWb\n\
        6uIrsJB8Vn0Dwrf1KTyTeua3lXunIPPgj65KAtqj8Z0jezv+hoEby8zmd8d1MdvZ\n\
        jwIDAQAB\n\
        -----END PUBLIC KEY-----";
    const RSA_PKCS1: &str = "-----BEGIN RSA PUBLIC KEY-----\n\
        MIIBCgKCAQEArprEbLcmFJw7aKaywU+5U/IC5DNlU8i88ofrJzpBfafkmtnhtH2r\n\
        3WcaTpcu5MBmBXtougGaN8UXhnAf3+eUDrEGiV9SB7uX2zllz7ie/i1r9aVppnW+\n\
        9DUYcSXUxhgVkFPjjW+J3XAk/hNl5gKUzvYBzdItbv0HI+cptYQOHTC+piL9gg1l\n\
        o9LYVpldHMpNodlwxb2z1T561yT9HuiVtgSOstMWfiXvfaKsVbS25gZGg0GborUo\n\
        VK6axrW58PDXFHiqjcrsstAvQusW9RWb6uIrsJB8Vn0Dwrf1KTyTeua3lXunIPPg\n\
        j65KAtqj8Z0jezv+hoEby8zmd8d1MdvZjwIDAQAB\n\
        -----END RSA PUBLIC KEY-----";
    const SHORT_RSA: &str = "-----BEGIN PUBLIC KEY-----\n\
        MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCpfCrsSClMhqyKT4s9ntnArF6r\n\
        Sk6W3+fQ77As75mCf0NGpptrTEpMSYPEqG6RjuI5DeH9lo9hMZyu6ieDeFiJDKjO\n\
        l0OyXgpOwF4le1W+8SKddgZSlYTmkJTLivbvDQoe9A4ARdC5d8QH90R+qOUcwx+L\n\
        Y26ftk7CTVpaNOBznwIDAQAB\n\
        -----END PUBLIC KEY-----";
    const P384: &str = "-----BEGIN PUBLIC KEY-----\n\
        MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEYzBGJreHtLk6eUnaESW+r1bBknUmkjpA\n\
        8qNN/UL9CMek1ZyLeIN4dN0iRYAN9h/aysKZOVlP2ViGxEQMStNX5Hd+mg7qJaXJ\n\
        8cS3M4t+q0kXsR7Hi+enYysVmSC/kQUD\n\
        -----END PUBLIC KEY-----";

    #[test]
    fn thumbprints_are_those_of_the_rfcs() {
        // RFC 7638, section 3.1.
        let rsa = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
        assert_eq!(PublicKey::parse(rsa).expect("a key").thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        // RFC 8037, appendix A.3.
        let ed = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
        assert_eq!(PublicKey::parse(ed).expect("a key").thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn what_openssl_writes_is_read() {
        let read = |pem: &str| {
            let key = PublicKey::parse(pem).expect("a key");
            // Kept as its canonical text, and read back from it alike.
            assert_eq!(serde_json::from_str::<PublicKey>(&key.canonical()).expect("kept"), key);
            assert_eq!(PublicKey::parse(&key.canonical()).expect("a JWK"), key);
            assert!(key.decoding().is_some());
            (key.algorithm_name(), key.thumbprint())
        };
        assert_eq!(read(EC_PEM), ("ES256", "mv-AF0dBlDTEqibNCKt_Cg928Be7xpCopIIhORBbyfA".to_owned()));
        assert_eq!(read(ED_PEM), ("EdDSA", "Fs5_f7duS20Tg1w0psixqt5HNa-t-ZgOfaCLRKJW1X4".to_owned()));
        assert_eq!(read(RSA_PEM), ("RS256", "uFxzzqIKfJqot_tucRGDWsYYljy-smNaX4cQCCwu3UQ".to_owned()));
        assert_eq!(read(RSA_PKCS1), read(RSA_PEM));
        // In one line, and as a form sends it.
        assert_eq!(read(&ED_PEM.replace('\n', "")), read(ED_PEM));
        assert_eq!(read(&EC_PEM.replace("\nTugZ", "TugZ")), read(EC_PEM));
        assert_eq!(read(&format!("\r\n{}\r\n", EC_PEM.replace('\n', "\r\n"))), read(EC_PEM));
    }

    #[test]
    fn what_is_no_key_of_ours_is_refused_with_its_reason() {
        let fault = |text: &str| PublicKey::parse(text).expect_err("no key");
        assert_eq!(fault(SHORT_RSA), KeyFault::Size);
        assert_eq!(fault(P384), KeyFault::Kind);
        assert_eq!(fault("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQ==\n-----END PRIVATE KEY-----"), KeyFault::Private);
        assert_eq!(fault("-----BEGIN RSA PRIVATE KEY-----\nMC4CAQAwBQ==\n-----END RSA PRIVATE KEY-----"), KeyFault::Private);
        assert_eq!(fault(r#"{"kty":"OKP","crv":"Ed25519","x":"11qY","d":"nWGx"}"#), KeyFault::Private);
        assert_eq!(fault(r#"{"kty":"oct","k":"c2VjcmV0"}"#), KeyFault::Private);
        assert_eq!(fault("-----BEGIN CERTIFICATE-----\nMC4CAQAwBQ==\n-----END CERTIFICATE-----"), KeyFault::Certificate);
        assert_eq!(fault(r#"{"keys":[{"kty":"EC"},{"kty":"EC"}]}"#), KeyFault::Several);
        assert_eq!(fault(r#"{"keys":[{"kty":"EC"},{"kty":"EC","d":"AA"}]}"#), KeyFault::Private);
        let long = PublicKey::parse(RSA_PEM).expect("a key").canonical().replace("AQAB", "AQAAAAE");
        assert_eq!(fault(&long), KeyFault::Size);
        assert_eq!(fault(r#"{"kty":"EC","crv":"P-521","x":"AA","y":"AA"}"#), KeyFault::Kind);
        for text in [
            "",
            "ssh-ed25519 AAAA",
            "{",
            "{}",
            r#"{"keys":[]}"#,
            r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#,
            &"x".repeat(20_000),
        ] {
            assert_eq!(fault(text), KeyFault::Unreadable, "{text:.40}");
        }
        let cut = &EC_PEM[..60];
        assert_eq!(fault(cut), KeyFault::Unreadable);
    }

    #[test]
    fn any_text_is_refused_or_read_and_never_breaks() {
        let mut texts: Vec<String> = Vec::new();
        for pem in [EC_PEM, ED_PEM, RSA_PEM, RSA_PKCS1] {
            for at in (0..pem.len()).step_by(7) {
                for sign in ["", "A", "=", "\n", "-", "{"] {
                    texts.push(format!("{}{sign}{}", &pem[..at], &pem[at + 1..]));
                }
            }
        }
        for text in texts {
            if let Ok(key) = PublicKey::parse(&text) {
                assert_eq!(PublicKey::parse(&key.canonical()), Ok(key));
            }
        }
    }
}
