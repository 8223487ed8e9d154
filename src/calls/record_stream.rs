//! Streams and signalling of a row.

use std::borrow::Cow;

use chrono::SecondsFormat;
use serde::Serialize;

use super::classify::Quality;
use super::classify::classify;
use super::emodel;
use super::record::LegSide;
use super::record::StreamDirection;
use super::record_json::Fields;
use super::record_json::Json;
use super::record_read::Content;
use super::record_verdict::CallVerdict;
use super::record_verdict::Faults;

const NAMES: [&str; 15] = [
    "direction",
    "leg",
    "packets",
    "jitter_ms_avg",
    "jitter_ms_max",
    "loss_ratio_avg",
    "loss_ratio_max",
    "rtt_ms_avg",
    "rtt_ms_max",
    "concealed_ratio_avg",
    "r_factor",
    "mos",
    "mos_kind",
    "codec",
    "intervals",
];
const INTERVAL: [&str; 4] = ["at", "jitter_ms", "loss_ratio", "rtt_ms"];
const SIGNAL: [&str; 5] = ["at", "side", "method", "code", "phrase"];
/// No metric in milliseconds is larger.
const MOST_MS: f64 = 3_600_000.0;
/// A stream has at most this many intervals: two hours, one every 5 s, and some.
const INTERVALS: usize = 2_000;

/// Quality of one direction, borrowed from its line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stream<'a> {
    pub direction: StreamDirection,
    pub side: LegSide,
    pub packets: Option<i64>,
    /// Averages and maxima of jitter, loss and round trip, then the average share of concealed samples.
    pub metrics: [Option<f64>; 7],
    pub r_factor: Option<f64>,
    pub mos: Option<f64>,
    pub mos_kind: Option<Cow<'a, str>>,
    pub r_computed: Option<f64>,
    pub mos_computed: Option<f64>,
    pub codec: Option<Cow<'a, str>>,
    pub quality: Quality,
    /// JSON text.
    pub intervals: Option<String>,
}

impl Stream<'_> {
    /// Adds what was said (not what was computed) to a row's digest.
    pub fn digest(&self, hash: &mut Content) {
        hash.put(self.direction.as_str().as_bytes());
        hash.put(self.side.as_str().as_bytes());
        hash.number(self.packets);
        for metric in self.metrics {
            hash.decimal(metric);
        }
        hash.decimal(self.r_factor);
        hash.decimal(self.mos);
        hash.opt(self.mos_kind.as_ref().map(|text| text.as_bytes()));
        hash.opt(self.codec.as_ref().map(|text| text.as_bytes()));
        hash.opt(self.intervals.as_ref().map(|text| text.as_bytes()));
    }
}

pub(super) fn read_streams<'a>(items: Vec<Json<'a>>, codec: Option<&str>, faults: &mut Faults) -> Vec<Stream<'a>> {
    let streams = items.into_iter().enumerate().map(|(n, item)| {
        let mut f = Fields::of(item, &NAMES, format!("streams[{n}]."), faults);
        required(&f, &[0, 1], faults);
        let direction = f.word(0, StreamDirection::parse, StreamDirection::listed, faults).unwrap_or_default();
        let side = f.word(1, LegSide::parse, LegSide::listed, faults).unwrap_or_default();
        let packets = f.int(2, 0, i64::from(u32::MAX), faults);
        let mut ms = |at| f.number(at, 0.0, MOST_MS, faults);
        let (jitter, jitter_max, rtt, rtt_max) = (ms(3), ms(4), ms(7), ms(8));
        let mut ratio = |at| f.number(at, 0.0, 1.0, faults);
        let (loss, loss_max, concealed) = (ratio(5), ratio(6), ratio(9));
        let r_factor = f.number(10, 0.0, 130.0, faults);
        let mos = f.number(11, 1.0, 5.0, faults);
        let mos_kind = f.text(12, 32, faults).or_else(|| mos.map(|_| Cow::Borrowed("unspecified")));
        let own = f.text(13, 32, faults);
        let intervals = read_intervals(f.list(14, INTERVALS, faults), n, faults);
        let r_computed = match r_factor {
            Some(_) => None,
            None => emodel::r_of(own.as_deref().or(codec), loss.map(|loss| concealed.map_or(loss, |c| loss.max(c)))),
        };
        Stream {
            direction,
            side,
            packets,
            metrics: [jitter, jitter_max, loss, loss_max, rtt, rtt_max, concealed],
            r_factor,
            mos,
            mos_kind,
            r_computed,
            mos_computed: r_factor.or(r_computed).map(emodel::mos),
            codec: own,
            quality: classify(packets, rtt, loss, jitter),
            intervals,
        }
    });
    streams.collect()
}

fn required<const N: usize>(f: &Fields<'_, '_, N>, places: &[usize], faults: &mut Faults) {
    for at in places {
        if f.lacks(*at) {
            f.wrong(*at, CallVerdict::ValueInvalid, &Json::Null, "Send this field.", faults);
        }
    }
}

/// As stored: times to the millisecond, fields in order, nothing that was not said.
#[derive(Serialize)]
struct Interval {
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    jitter_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    loss_ratio: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rtt_ms: Option<f64>,
}

fn read_intervals(items: Vec<Json<'_>>, stream: usize, faults: &mut Faults) -> Option<String> {
    if items.is_empty() {
        return None;
    }
    let read = items.into_iter().enumerate().map(|(n, item)| {
        let mut f = Fields::of(item, &INTERVAL, format!("streams[{stream}].intervals[{n}]."), faults);
        required(&f, &[0], faults);
        Interval {
            at: f.time(0, faults).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Millis, true),
            jitter_ms: f.number(1, 0.0, MOST_MS, faults),
            loss_ratio: f.number(2, 0.0, 1.0, faults),
            rtt_ms: f.number(3, 0.0, MOST_MS, faults),
        }
    });
    let read: Vec<Interval> = read.collect();
    serde_json::to_string(&read).ok()
}

/// As stored, like [`Interval`].
#[derive(Serialize)]
struct Signal<'a> {
    at: String,
    side: LegSide,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phrase: Option<Cow<'a, str>>,
}

pub(super) fn read_signalling(items: Vec<Json<'_>>, faults: &mut Faults) -> Option<String> {
    if items.is_empty() {
        return None;
    }
    let read = items.into_iter().enumerate().map(|(n, item)| {
        let mut f = Fields::of(item, &SIGNAL, format!("signalling[{n}]."), faults);
        required(&f, &[0, 1], faults);
        Signal {
            at: f.time(0, faults).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Millis, true),
            side: f.word(1, LegSide::parse, LegSide::listed, faults).unwrap_or_default(),
            method: f.text(2, 32, faults),
            code: f.int(3, 100, 699, faults),
            phrase: f.text(4, 256, faults),
        }
    });
    let read: Vec<Signal<'_>> = read.collect();
    serde_json::to_string(&read).ok()
}
