//! How well calls sound: packets, jitter, loss and round trip by the network that a phone is in.

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use rand::Rng;

use super::wire::IntervalRow;
use super::wire::StreamRow;

/// The network that a phone is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Wired, in the office of that name.
    Office(&'static str),
    Wifi(&'static str),
    Home,
    Mobile,
    /// The platform's own media servers: queues and bridges.
    Cloud,
}

/// Usual jitter (ms), loss (ratio) and round trip (ms), and how many of a thousand calls are poor.
struct Usual {
    jitter_ms: f64,
    loss: f64,
    rtt_ms: f64,
    poor: u32,
}

impl Network {
    /// Its name in a record.
    pub fn name(self) -> &'static str {
        match self {
            Self::Office(name) | Self::Wifi(name) => name,
            Self::Home => "Home",
            Self::Mobile => "Mobile data",
            Self::Cloud => "Media cloud",
        }
    }

    fn usual(self) -> Usual {
        let (jitter_ms, loss, rtt_ms, poor) = match self {
            Self::Office(_) => (4.0, 0.001, 32.0, 11),
            Self::Wifi(_) => (9.0, 0.006, 44.0, 58),
            Self::Home => (8.0, 0.004, 52.0, 34),
            Self::Mobile => (13.0, 0.009, 88.0, 70),
            Self::Cloud => (2.5, 0.000_4, 26.0, 5),
        };
        Usual { jitter_ms, loss, rtt_ms, poor }
    }
}

/// How one call fared.
struct Felt {
    jitter_ms: f64,
    loss: f64,
    rtt_ms: f64,
}

fn felt(rng: &mut impl Rng, network: Network, bad_day: bool) -> Felt {
    let usual = network.usual();
    let mut felt = Felt {
        jitter_ms: usual.jitter_ms * rng.gen_range(0.5..1.9),
        loss: usual.loss * rng.gen_range(0.1..2.2),
        rtt_ms: usual.rtt_ms * rng.gen_range(0.6..1.9),
    };
    if bad_day {
        felt.jitter_ms *= rng.gen_range(1.5..2.6);
        felt.loss += rng.gen_range(0.01..0.05);
    }
    if rng.gen_range(0..1_000) < if bad_day { 520 } else { usual.poor } {
        match rng.gen_range(0..if bad_day { 7 } else { 10 }) {
            0..4 => felt.jitter_ms = rng.gen_range(31.0..82.0),
            4..8 => felt.loss = rng.gen_range(0.105..0.28),
            _ => felt.rtt_ms = rng.gen_range(510.0..940.0),
        }
    }
    felt
}

/// The streams of an answered call: both directions towards the carrier, now and then also towards the phone.
pub fn streams(rng: &mut impl Rng, network: Network, bad_day: bool, answered_at: DateTime<Utc>, talk_ms: i64) -> Vec<StreamRow> {
    let felt = felt(rng, network, bad_day);
    let legs: &[(&str, &str)] = match rng.gen_range(0..10) {
        0..2 => &[("received", "operator"), ("sent", "operator"), ("received", "platform"), ("sent", "platform")],
        _ => &[("received", "operator"), ("sent", "operator")],
    };
    // A phone that tells nothing of loss.
    let silent = rng.gen_range(0..100) < 5;
    let reports_r = rng.gen_range(0..100) < 45;
    let story = talk_ms > 20_000 && rng.gen_range(0..1_000) < if bad_day { 120 } else { 12 };
    let mut streams = Vec::with_capacity(legs.len());
    for (n, (direction, leg)) in legs.iter().enumerate() {
        // The first stream has it in full, the others a part.
        let part = if n == 0 { 1.0 } else { rng.gen_range(0.3..0.8) };
        let (jitter, loss, rtt) = (felt.jitter_ms * part, felt.loss * part, felt.rtt_ms);
        let spread = rng.gen_range(1.4..3.2);
        streams.push(StreamRow {
            direction,
            leg,
            packets: talk_ms / 20,
            jitter_ms_avg: Some(tenths(jitter)),
            jitter_ms_max: Some(tenths(jitter * spread)),
            loss_ratio_avg: (!silent).then(|| fine(loss)),
            loss_ratio_max: (!silent).then(|| fine((loss * spread).min(1.0))),
            rtt_ms_avg: Some(tenths(rtt)),
            rtt_ms_max: Some(tenths(rtt * spread)),
            concealed_ratio_avg: (!silent).then(|| fine(loss * 0.8)),
            r_factor: (reports_r && !silent).then(|| tenths(r_factor(jitter, loss, rtt))),
            codec: if *leg == "operator" { "PCMA" } else { "OPUS" },
            intervals: if story && n == 0 { intervals(rng, &felt, answered_at, talk_ms) } else { Vec::new() },
        });
    }
    streams
}

/// A dozen looks at one stream.
fn intervals(rng: &mut impl Rng, felt: &Felt, answered_at: DateTime<Utc>, talk_ms: i64) -> Vec<IntervalRow> {
    let step = (talk_ms / 12).clamp(5_000, 60_000);
    let looks = (talk_ms / step).min(12);
    let mut rows = Vec::new();
    for n in 0..looks {
        let swing = rng.gen_range(0.4..1.6);
        rows.push(IntervalRow {
            at: answered_at + TimeDelta::milliseconds(n * step),
            jitter_ms: tenths(felt.jitter_ms * swing),
            loss_ratio: fine((felt.loss * swing).min(1.0)),
            rtt_ms: tenths(felt.rtt_ms * rng.gen_range(0.9..1.1)),
        });
    }
    rows
}

/// What a phone might report (ITU-T G.107 with its default values, delay and loss alone).
fn r_factor(jitter_ms: f64, loss: f64, rtt_ms: f64) -> f64 {
    let delay = rtt_ms / 2.0 + jitter_ms * 2.0 + 20.0;
    let late = (delay - 177.3).max(0.0);
    let percent = loss * 100.0;
    (93.2 - 0.024 * delay - 0.11 * late - 95.0 * percent / (percent + 25.1)).clamp(0.0, 100.0)
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn fine(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}
