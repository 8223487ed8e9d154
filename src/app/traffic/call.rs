//! One call, from the invitation to its end.

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use rand::Rng;

use super::Line;
use super::LineKind;
use super::outcome::Outcome;
use super::outside::Outside;
use super::quality::Network;
use super::quality::streams;
use super::story::signalling;
use super::wire::CallRow;

/// What telephones run on.
const DEVICES: [(&str, &str); 5] = [
    ("Windows 11", "DeskCaller/6.2"),
    ("macOS 26", "DeskCaller/6.2"),
    ("iOS 26", "PocketCaller/4.9"),
    ("Android 16", "PocketCaller/4.8"),
    ("Linux", "RoomCaller/2.3"),
];
/// Longest call.
const TALK_MAX_MS: f64 = 7_200_000.0;

/// When a call begins at which line.
pub struct Moment<'a> {
    pub line: &'a Line,
    pub invited_at: DateTime<Utc>,
    /// The line's network has a bad day.
    pub bad_network: bool,
}

/// What happens.
pub fn call(rng: &mut impl Rng, outside: &Outside, moment: &Moment<'_>) -> CallRow {
    let line = moment.line;
    let inbound = match line.kind {
        LineKind::User => rng.gen_bool(0.47),
        LineKind::Queue => rng.gen_bool(0.92),
        LineKind::TollFree | LineKind::Nobody => true,
        LineKind::Conference => rng.gen_bool(0.97),
    };
    let outcome = Outcome::draw(rng, line.kind, inbound);
    let other = outside.pick(rng, &line.country);
    let withheld = inbound && rng.gen_bool(0.06);
    let told = !withheld || rng.gen_bool(0.5);
    let own = Some(line.e164.clone());
    let other = Some(other).filter(|_| told);
    let mut row = blank(rng, line, moment.invited_at, inbound);
    (row.caller, row.callee) = if inbound { (other, own) } else { (own, other) };
    row.caller_withheld = withheld;
    row.call_type = call_type(line.kind, inbound);
    happen(rng, &mut row, outcome);
    finish(rng, &mut row, line.network, moment.bad_network);
    row
}

/// The second leg of an answered call that its user had forwarded to a phone outside, or none where that does not fit.
pub fn forwarded(rng: &mut impl Rng, outside: &Outside, moment: &Moment<'_>, first: &CallRow) -> Option<CallRow> {
    let (Some(answered), Some(ended)) = (first.answered_at, first.ended_at) else {
        return None;
    };
    let line = moment.line;
    if first.direction != "inbound" || line.kind != LineKind::User || ended - answered < TimeDelta::seconds(20) {
        return None;
    }
    let mut row = blank(rng, line, first.invited_at + TimeDelta::milliseconds(310), false);
    row.call_id.clone_from(&first.call_id);
    row.leg_id = "2";
    row.correlation_id = Some(first.call_id.clone());
    row.caller = Some(line.e164.clone());
    row.callee = Some(outside.pick(rng, &line.country));
    row.call_type = "user_out_forwarding";
    row.ringing_at = first.ringing_at.map(|at| at.max(row.invited_at));
    row.answered_at = Some(answered);
    row.ended_at = Some(ended);
    ended_as(rng, &mut row, Outcome::Answered);
    finish(rng, &mut row, Network::Cloud, false);
    Some(row)
}

fn blank(rng: &mut impl Rng, line: &Line, invited_at: DateTime<Utc>, inbound: bool) -> CallRow {
    let serial: u64 = rng.r#gen();
    CallRow {
        call_id: format!("c-{:016x}{:08x}", rng.r#gen::<u64>(), rng.r#gen::<u32>()),
        leg_id: "1",
        version: 1,
        completeness: "final",
        tenant_id: line.tenant_id,
        operator_id: line.operator_id,
        direction: if inbound { "inbound" } else { "outbound" },
        caller: None,
        callee: None,
        caller_withheld: false,
        e164: line.e164.clone(),
        target_id: line.target.clone(),
        call_type: "user_in",
        sip_call_id: format!("{serial:016x}@sbc{}.calls.example", serial % 4 + 1),
        correlation_id: None,
        operator_ref: line.carrier.tells_ref().then(|| format!("NV-{}-{:08x}", invited_at.format("%y%m%d"), serial >> 32)),
        invited_at,
        ringing_at: None,
        answered_at: None,
        ended_at: None,
        ring_ms: None,
        talk_ms: None,
        sip_code: None,
        platform_subcode: None,
        sip_phrase: None,
        q850_cause: None,
        ended_by: None,
        codec: None,
        client_ip: None,
        client_os: None,
        user_agent: None,
        network_name: None,
        streams: Vec::new(),
        signalling: Vec::new(),
    }
}

fn call_type(kind: LineKind, inbound: bool) -> &'static str {
    match (kind, inbound) {
        (LineKind::User, true) => "user_in",
        (LineKind::User, false) => "user_out",
        (LineKind::Queue | LineKind::TollFree, true) => "ucap_in",
        (LineKind::Queue | LineKind::TollFree, false) => "ucap_out",
        (LineKind::Conference, true) => "conf_in",
        (LineKind::Conference, false) => "conf_out",
        (LineKind::Nobody, _) => "unassigned_in",
    }
}

/// The times of the call.
fn happen(rng: &mut impl Rng, row: &mut CallRow, outcome: Outcome) {
    let set_up = TimeDelta::milliseconds(rng.gen_range(280..2_600));
    let words = outcome.words();
    let at = row.invited_at + set_up;
    row.ringing_at = words.rang.then_some(at);
    let rings_ms = match outcome {
        Outcome::Answered => rng.gen_range(900..19_000),
        Outcome::NoAnswer => rng.gen_range(28_000..46_000),
        Outcome::Cancelled => rng.gen_range(1_500..26_000),
        Outcome::Rejected => rng.gen_range(1_200..9_000),
        Outcome::TimedOut => rng.gen_range(9_000..31_000),
        _ => rng.gen_range(20..700),
    };
    let done = at + TimeDelta::milliseconds(rings_ms);
    if outcome == Outcome::Answered {
        row.answered_at = Some(done);
        row.ended_at = Some(done + TimeDelta::milliseconds(talk_ms(rng)));
    } else {
        row.ended_at = Some(done);
    }
    ended_as(rng, row, outcome);
}

/// What follows from times and outcome.
fn ended_as(rng: &mut impl Rng, row: &mut CallRow, outcome: Outcome) {
    let words = outcome.words();
    row.ring_ms = row.ringing_at.and_then(|from| Some((row.answered_at.or(row.ended_at)? - from).num_milliseconds()));
    row.talk_ms = row.answered_at.and_then(|from| Some((row.ended_at? - from).num_milliseconds()));
    row.sip_code = Some(words.sip_code);
    row.sip_phrase = Some(words.phrase);
    row.q850_cause = Some(words.q850_cause);
    row.platform_subcode = Some(words.subcode);
    row.ended_by = Some(outcome.ended_by(rng));
}

/// Half of all calls last less than 95 s, a few more than an hour.
fn talk_ms(rng: &mut impl Rng) -> i64 {
    let normal = (-2.0 * (1.0 - rng.r#gen::<f64>()).ln()).sqrt() * (std::f64::consts::TAU * rng.r#gen::<f64>()).cos();
    let wanted = (95_000.0 * (1.05 * normal).exp()).clamp(1_200.0, TALK_MAX_MS);
    #[expect(clippy::cast_possible_truncation, reason = "at most two hours")]
    let whole = wanted.round() as i64;
    whole
}

/// Phone, network and sound.
fn finish(rng: &mut impl Rng, row: &mut CallRow, network: Network, bad_network: bool) {
    let network = match network {
        Network::Office(_) | Network::Wifi(_) if !bad_network && rng.gen_range(0..100) < 12 => Network::Home,
        other => other,
    };
    row.network_name = Some(network.name());
    if network != Network::Cloud && row.target_id.is_some() {
        let (os, agent) = DEVICES[rng.gen_range(0..DEVICES.len())];
        let net = ["192.0.2", "198.51.100", "203.0.113"][rng.gen_range(0..3)];
        row.client_os = Some(os);
        row.user_agent = Some(agent);
        row.client_ip = Some(format!("{net}.{}", rng.gen_range(1..255)));
    }
    if let (Some(answered), Some(talk_ms)) = (row.answered_at, row.talk_ms) {
        row.codec = Some("PCMA");
        row.streams = streams(rng, network, bad_network, answered, talk_ms);
    }
    let keeps = if bad_network { 100 } else { 25 };
    if rng.gen_range(0..1_000) < keeps {
        row.signalling = signalling(row);
    }
}
