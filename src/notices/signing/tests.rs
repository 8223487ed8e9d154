//! Signatures against the published library and vectors.

use rand::Rng as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;

use super::*;

/// The date of the vectors below.
const VECTOR_AT: i64 = 1_614_265_330;

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(7)
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn keys_of(secret: &str, pair: &str) -> Keys {
    Keys { secret: Secret::parse(secret).unwrap(), pair: SigningKey::parse(pair).unwrap() }
}

fn vector_keys() -> Keys {
    keys_of(
        "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==",
    )
}

#[test]
fn v1_gives_the_reference_signature() {
    // Source: the test of the standardwebhooks crate 1.0.1.
    let message = Message {
        id: "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
        timestamp: 1_649_367_553,
        body: br#"{"email":"test@example.com","username":"test_user"}"#,
    };
    let header = sign(&message, [&vector_keys()], SignatureKind::V1);
    assert_eq!(header, "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
}

#[test]
fn v1a_gives_the_reference_signature() {
    // Source: svix/svix-webhooks, server/svix-server/src/worker.rs, test_asymmetric_key_signing.
    let message = Message { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: VECTOR_AT, body: br#"{"test": 2432232314}"# };
    let header = sign(&message, [&vector_keys()], SignatureKind::V1a);
    assert_eq!(header, "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==");
    let public = PublicKey::parse("whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=").unwrap();
    assert_eq!(vector_keys().pair.public(), public);
    assert_eq!(verify(&message, &header, None, Some(&public), at(VECTOR_AT)), Ok(()));
}

#[test]
fn the_reference_library_and_we_accept_each_other() {
    let mut rng = rng();
    // The reference reads the machine's clock and takes no other, so this one test does too.
    #[expect(clippy::disallowed_methods, reason = "the reference library takes no other clock")]
    let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let timestamp = i64::try_from(seconds).unwrap();
    for _ in 0..50 {
        let keys = Keys::generate(&mut rng);
        let reference = standardwebhooks::Webhook::new(&keys.secret.expose()).unwrap();
        let id = format!("evt_{:032x}", rng.r#gen::<u128>());
        let body = format!("{{\"n\":{},\"text\":\"Grüße\"}}", rng.r#gen::<u64>());
        let message = Message { id: &id, timestamp, body: body.as_bytes() };

        let ours = sign(&message, [&keys], SignatureKind::Both);
        let mut headers = http::HeaderMap::new();
        headers.insert("webhook-id", id.parse().unwrap());
        headers.insert("webhook-timestamp", timestamp.to_string().parse().unwrap());
        headers.insert("webhook-signature", ours.parse().unwrap());
        reference.verify(body.as_bytes(), &headers).unwrap();

        let theirs = reference.sign(&id, timestamp, body.as_bytes()).unwrap();
        assert_eq!(verify(&message, &theirs, Some(&keys.secret), None, at(timestamp)), Ok(()));
    }
}

#[test]
fn keys_survive_their_text_form() {
    let keys = Keys::generate(&mut rng());
    let again = Keys::parse(&keys.expose()).unwrap();
    assert_eq!(*again.secret.expose(), *keys.secret.expose());
    assert_eq!(again.pair.public(), keys.pair.public());
    let public = PublicKey::parse(&keys.pair.public().to_string()).unwrap();
    assert_eq!(public, keys.pair.public());
}

#[test]
fn a_seed_alone_is_a_signing_key_too() {
    let seed = SigningKey::parse("whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc=").unwrap();
    assert_eq!(seed.public(), vector_keys().pair.public());
}

#[test]
fn wrong_keys_are_refused_by_reason() {
    assert_eq!(Secret::parse("C2FVsBQIhrscChlQIMV+b5sSYspob7oD").unwrap_err(), KeyRefusal::Prefix("whsec_"));
    assert_eq!(Secret::parse("whsec_%").unwrap_err(), KeyRefusal::Base64);
    assert_eq!(Secret::parse("whsec_bm90LXZhbGlkCg==").unwrap_err(), KeyRefusal::Length);
    let long = format!("whsec_{}", STANDARD.encode([1; 65]));
    assert_eq!(Secret::parse(&long).unwrap_err(), KeyRefusal::Length);
    let mismatched = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlaaaaaaaaaaAJ6p9lMicMFs6Kvg==";
    assert_eq!(SigningKey::parse(mismatched).unwrap_err(), KeyRefusal::Invalid);
    assert_eq!(SigningKey::parse("whsk_AAAA").unwrap_err(), KeyRefusal::Length);
    let weak = format!(
        "whpk_{}",
        STANDARD.encode({
            let mut identity = [0; 32];
            identity[0] = 1;
            identity
        })
    );
    assert_eq!(PublicKey::parse(&weak).unwrap_err(), KeyRefusal::Invalid);
}

#[test]
fn any_change_of_the_message_fails() {
    let mut rng = rng();
    let keys = Keys::generate(&mut rng);
    let (secret, public) = (&keys.secret, keys.pair.public());
    let body = br#"{"type":"number.assigned"}"#.to_vec();
    let message = Message { id: "evt_1", timestamp: VECTOR_AT, body: &body };
    let now = at(VECTOR_AT);
    for kind in [SignatureKind::V1, SignatureKind::V1a] {
        let header = sign(&message, [&keys], kind);
        let check = |message: &Message<'_>, header: &str| verify(message, header, Some(secret), Some(&public), now);
        assert_eq!(check(&message, &header), Ok(()));
        for position in 0..body.len() {
            let mut changed = body.clone();
            changed[position] ^= 1;
            let changed = Message { body: &changed, ..message };
            assert_eq!(check(&changed, &header), Err(VerifyRefusal::NoSignatureFits), "byte {position}");
        }
        assert!(check(&Message { id: "evt_2", ..message }, &header).is_err());
        assert!(check(&Message { timestamp: VECTOR_AT + 1, ..message }, &header).is_err());
        for cut in 0..header.len() {
            assert!(check(&message, &header[..cut]).is_err(), "cut at {cut}");
        }
        let renamed = header.replacen("v1", "v2", 1);
        assert!(check(&message, &renamed).is_err());
        let other = Keys::generate(&mut rng);
        let result = verify(&message, &header, Some(&other.secret), Some(&other.pair.public()), now);
        assert_eq!(result, Err(VerifyRefusal::NoSignatureFits));
    }
}

#[test]
fn a_v1a_signature_is_not_taken_for_v1() {
    let keys = Keys::generate(&mut rng());
    let message = Message { id: "evt_1", timestamp: VECTOR_AT, body: b"{}" };
    let header = sign(&message, [&keys], SignatureKind::V1a);
    assert!(verify(&message, &header, Some(&keys.secret), None, at(VECTOR_AT)).is_err());
}

#[test]
fn old_and_future_timestamps_are_refused() {
    let keys = Keys::generate(&mut rng());
    let message = Message { id: "evt_1", timestamp: VECTOR_AT, body: b"{}" };
    let header = sign(&message, [&keys], SignatureKind::V1);
    let check = |now| verify(&message, &header, Some(&keys.secret), None, at(now));
    assert_eq!(check(VECTOR_AT + 300), Ok(()));
    assert_eq!(check(VECTOR_AT + 301), Err(VerifyRefusal::TooOld));
    assert_eq!(check(VECTOR_AT - 300), Ok(()));
    assert_eq!(check(VECTOR_AT - 301), Err(VerifyRefusal::TooNew));
    let absurd = Message { timestamp: i64::MAX, ..message };
    assert_eq!(verify(&absurd, &header, Some(&keys.secret), None, at(VECTOR_AT)), Err(VerifyRefusal::TimestampMalformed));
}

#[test]
fn a_rotation_signs_with_both_until_the_grace_ends() {
    let mut rng = rng();
    let now = at(VECTOR_AT);
    let first = Keys::generate(&mut rng);
    let second = Keys::generate(&mut rng);
    let set = rotate(KeySet::new(first.clone()), second.clone(), now, TimeDelta::hours(24));
    let message = Message { id: "evt_1", timestamp: VECTOR_AT, body: b"{}" };
    let header = sign(&message, set.live(now), SignatureKind::Both);
    assert_eq!(header.split(' ').count(), 4);
    for keys in [&first, &second] {
        assert_eq!(verify(&message, &header, Some(&keys.secret), None, now), Ok(()));
        assert_eq!(verify(&message, &header, None, Some(&keys.pair.public()), now), Ok(()));
    }
    assert_eq!(set.live(now + TimeDelta::hours(24)).count(), 1);
}

#[test]
fn a_second_rotation_within_the_grace_keeps_two_generations() {
    let mut rng = rng();
    let now = at(VECTOR_AT);
    let first = Keys::generate(&mut rng);
    let set = rotate(KeySet::new(first.clone()), Keys::generate(&mut rng), now, TimeDelta::hours(24));
    let set = rotate(set, Keys::generate(&mut rng), now, TimeDelta::hours(24));
    assert_eq!(set.live(now).count(), 2);
    assert!(set.live(now).all(|keys| *keys.secret.expose() != *first.secret.expose()));
    let set = rotate(set, Keys::generate(&mut rng), now, TimeDelta::seconds(-5));
    assert_eq!(set.live(now).count(), 1, "no grace: the old keys leave at once");
    let set = rotate(set, Keys::generate(&mut rng), now, TimeDelta::MAX);
    assert_eq!(set.previous.as_ref().unwrap().1, now + TimeDelta::days(7));
}

#[test]
fn a_masked_key_is_its_prefix_and_four_characters() {
    let keys = vector_keys();
    assert_eq!(masked(&keys.secret.expose()), "whsec_…b7oD");
    assert_eq!(masked(&keys.pair.public().to_string()), "whpk_…ir4=");
}

#[test]
fn debug_output_holds_no_secret() {
    let keys = Keys::generate(&mut rng());
    let set = rotate(KeySet::new(keys.clone()), Keys::generate(&mut rng()), at(VECTOR_AT), TimeDelta::hours(1));
    let shown = format!("{set:?} {keys:#?}");
    assert!(!shown.contains("whsec_") && !shown.contains("whsk_"), "{shown}");
    let secret = keys.secret.expose();
    let pair = keys.pair.expose();
    assert!(!shown.contains(&secret[6..]) && !shown.contains(&pair[5..40]), "{shown}");
}
