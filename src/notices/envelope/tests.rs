//! The bytes of an event.

use uuid::Uuid;

use super::*;

const OPERATOR: OperatorId = OperatorId(Uuid::from_u128(0x0193_6d2e_0000_7000_8000_0000_0000_00aa));
const TENANT: TenantId = TenantId(Uuid::from_u128(0x0193_6d2e_0000_7000_8000_0000_0000_00bb));
const EVENT: EventId = EventId(Uuid::from_u128(0x0193_6d2e_0000_7000_8000_0000_0000_0001));

fn at() -> DateTime<Utc> {
    "2026-11-23T14:05:09.120Z".parse().unwrap()
}

fn object(text: &str) -> JsonObject {
    JsonObject::parse(text.to_owned()).unwrap()
}

#[test]
fn an_event_has_the_keys_of_the_contract_in_their_order() {
    let data = r#"{"e164":"+493023125010","sip_uri":"sip:+493023125010@contoso.sip.example;user=phone","assignment_status":"user","activation_state":"assignment_pending","usage":"user","country":"DE","tenant_name":"Contoso GmbH","billing_ref":"K-4711"}"#;
    let envelope = Envelope {
        id: EVENT,
        event_type: EventType::NumberAssigned,
        seq: Some(1842),
        number_seq: Some(3),
        occurred_at: at(),
        operator_id: OPERATOR,
        tenant_id: Some(TENANT),
        data: object(data),
        previous: Some(object(r#"{"assignment_status":"unassigned"}"#)),
    };
    let expected = format!(
        "{}{data}{}",
        r#"{"id":"evt_01936d2e000070008000000000000001","type":"number.assigned","seq":1842,"number_seq":3,"occurred_at":"2026-11-23T14:05:09.120Z","operator_id":"01936d2e-0000-7000-8000-0000000000aa","tenant_id":"01936d2e-0000-7000-8000-0000000000bb","schema":"concord.number/1","data":"#,
        r#","previous":{"assignment_status":"unassigned"}}"#
    );
    assert_eq!(envelope.render(), expected);
    assert_eq!(envelope.render(), envelope.clone().render(), "the same bytes each time");
}

#[test]
fn data_keeps_the_order_of_its_fields() {
    #[derive(Serialize)]
    struct Data {
        zebra: u8,
        apple: &'static str,
    }
    let data = JsonObject::of(&Data { zebra: 1, apple: "x\ny" }).unwrap();
    assert_eq!(data.as_str(), r#"{"zebra":1,"apple":"x\ny"}"#);
    assert_eq!(JsonObject::parse(data.as_str().to_owned()), Ok(data));
}

#[test]
fn anything_but_one_object_is_refused_as_data() {
    for text in ["", "null", "[]", "1", "{", "{}{}", "{} x", r#"{"a":}"#, r#"{"a":1,}"#, "\u{feff}{}"] {
        assert_eq!(JsonObject::parse(text.to_owned()), Err(JsonRefusal::NotAnObject), "{text}");
    }
    assert_eq!(JsonObject::parse("{\n}".to_owned()), Err(JsonRefusal::NotCompact));
    assert_eq!(JsonObject::parse(" {}".to_owned()), Err(JsonRefusal::NotCompact));
    assert_eq!(JsonObject::of(&3), Err(JsonRefusal::NotAnObject));
}

#[test]
fn messages_outside_the_feed_have_no_seq() {
    let messages = [
        Envelope::verification(EVENT, OPERATOR, at(), "c-1").render(),
        Envelope::test(EVENT, OPERATOR, at(), EndpointId(TENANT.0)).render(),
        Envelope::heartbeat(EVENT, OPERATOR, at(), 1842).render(),
    ];
    let endings = [
        r#""schema":"concord.endpoint/1","data":{"challenge":"c-1"},"previous":null}"#,
        r#""schema":"concord.endpoint/1","data":{"endpoint_id":"01936d2e-0000-7000-8000-0000000000bb"},"previous":null}"#,
        r#""schema":"concord.feed/1","data":{"head_seq":1842},"previous":null}"#,
    ];
    for (message, ending) in messages.iter().zip(endings) {
        assert!(message.contains(r#""seq":null,"number_seq":null,"#), "{message}");
        assert!(message.contains(r#""tenant_id":null,"#), "{message}");
        assert!(message.ends_with(ending), "{message}");
        serde_json::from_str::<serde_json::Value>(message).unwrap();
    }
}

#[test]
fn a_withheld_event_shows_its_place_and_nothing_else() {
    let text = render_withheld(&EVENT.wire(), 1842, WithheldReason::ConsentSuspended);
    assert_eq!(
        text,
        r#"{"id":"evt_01936d2e000070008000000000000001","seq":1842,"type":"event.withheld","reason":"consent_suspended"}"#
    );
}

#[test]
fn only_our_own_spelling_of_an_id_is_read() {
    let id = EVENT.wire();
    assert_eq!(Envelope::parse_id(&id), Some(EVENT));
    for wrong in ["", "evt_", "evt_1", &EVENT.to_string(), &id.to_uppercase(), &id[..35], &id.replace("evt_", "evt-")] {
        assert_eq!(Envelope::parse_id(wrong), None, "{wrong}");
    }
}

#[test]
fn texts_from_outside_are_escaped() {
    let message = Envelope::verification(EVENT, OPERATOR, at(), "\"}\u{0}\u{2028}").render();
    let value: serde_json::Value = serde_json::from_str(&message).unwrap();
    assert_eq!(value["data"]["challenge"], "\"}\u{0}\u{2028}");
}
