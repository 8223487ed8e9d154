//! The aggregates of the machine API: what can be asked for, and rows put together from parties. Pure.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::TimeDelta;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ask;
use super::ask::LONGEST;
use super::ask::Slice;
use super::ask::malformed;
use super::model::Counts;
use super::model::MOS_KIND;
use super::queries::GroupLine;
use super::queries::Grouping;
use crate::base::Cursor;
use crate::base::E164;
use crate::base::Failure;
use crate::transfers::day_start;

/// The most steps of one call.
const STEPS: i64 = 10_000;

/// What of the quality is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
pub(super) struct MeasuresIn {
    /// From this hour on: RFC 3339, or a day in UTC. A week ago when left out. Counted by the hour: rounded down to one.
    from: Option<String>,
    /// Before this hour; now when left out. Rounded up to an hour.
    to: Option<String>,
    /// `1h`, `6h`, `1d`, `7d` …: one row per step, counted from `from`. One row for all when left out.
    step: Option<String>,
    /// Comma separated: `tenant` (for operators), `operator` (for tenants), `country` (of the outside party), `direction`, `number`.
    group_by: Option<String>,
    /// Comma separated: `poor_ratio`, `ner`, `asr`, `acd`, `pdd`, `mos_lqe`, `n`; all when left out.
    measures: Option<String>,
    /// One customer alone; for operators.
    tenant_id: Option<String>,
    /// One operator alone; for tenants.
    operator_id: Option<String>,
    /// `inbound` or `outbound`.
    direction: Option<String>,
    /// One number of the tenant.
    e164: Option<String>,
}

/// A measure that can be asked for.
const MEASURES: [&str; 7] = ["poor_ratio", "ner", "asr", "acd", "pdd", "mos_lqe", "n"];

/// What is asked for, read.
#[derive(Clone, Debug)]
pub(super) struct MeasuresAsk {
    pub(super) slice: Slice,
    pub(super) grouping: Grouping,
    /// The name of the party's key: `tenant` or `operator`.
    party: &'static str,
    /// Rows by party.
    by_party: bool,
    measures: BTreeSet<&'static str>,
}

impl MeasuresIn {
    /// Reads it for a caller whose other party is called `party`.
    ///
    /// # Errors
    /// 400 for what cannot be read.
    pub(super) fn read(self, party: &'static str, now: DateTime<Utc>) -> Result<MeasuresAsk, Failure> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let to = moment("to", given(self.to), now)?;
        let from = moment("from", given(self.from), to - TimeDelta::days(7))?;
        let (from, to) = (ask::hour_of(from), ask::hour_from(to));
        if from >= to || to - from > TimeDelta::days(LONGEST) {
            let fix = format!("A time after from, at most {LONGEST} days later.");
            return Err(malformed("to", &to.to_rfc3339(), &fix));
        }
        let step_s = given(self.step).map(|text| step(&text, to - from)).transpose()?;
        let mut grouping = Grouping { step_s, ..Grouping::default() };
        let mut by_party = false;
        let keys = given(self.group_by).unwrap_or_default();
        for key in keys.split(',').map(str::trim).filter(|key| !key.is_empty()) {
            match key {
                "country" => grouping.country = true,
                "direction" => grouping.direction = true,
                "number" => grouping.number = true,
                key if key == party => by_party = true,
                _ => return Err(malformed("group_by", key, &format!("Any of {party}, country, direction, number."))),
            }
        }
        let party_id = if party == "tenant" { given(self.tenant_id) } else { given(self.operator_id) };
        let e164 = given(self.e164).map(|text| number(&text)).transpose()?;
        let direction = ask::direction(given(self.direction).as_deref())?;
        let party_id = ask::party(if party == "tenant" { "tenant_id" } else { "operator_id" }, party_id.as_deref())?;
        Ok(MeasuresAsk {
            slice: Slice { from, to, party: party_id, direction, e164 },
            grouping,
            party,
            by_party,
            measures: measures(given(self.measures))?,
        })
    }
}

fn moment(field: &str, text: Option<String>, otherwise: DateTime<Utc>) -> Result<DateTime<Utc>, Failure> {
    let Some(text) = text else { return Ok(otherwise) };
    // A + that was not encoded arrives as a space.
    let read = DateTime::parse_from_rfc3339(&text.replace(' ', "+")).map(|at| at.to_utc()).ok();
    let known = read.or_else(|| day_start(&text, chrono_tz::Tz::UTC)).filter(|at| (0..253_402_300_800).contains(&at.timestamp()));
    known.ok_or_else(|| malformed(field, &text, "A time with its offset, for example 2026-11-23T14:00:00Z, or a day in UTC."))
}

/// A step in seconds.
fn step(text: &str, span: TimeDelta) -> Result<i64, Failure> {
    let fix = "Whole hours or days: 1h, 6h, 1d, 7d, at most 10,000 of them.";
    let (number, unit) = match text.as_bytes().last() {
        Some(b'h') => (&text[..text.len() - 1], 3_600),
        Some(b'd') => (&text[..text.len() - 1], 86_400),
        _ => return Err(malformed("step", text, fix)),
    };
    let n = number.parse::<i64>().ok().filter(|n| (1..=LONGEST * 24).contains(n));
    let seconds = n.map(|n| n * unit).filter(|seconds| span.num_seconds() / seconds <= STEPS);
    seconds.ok_or_else(|| malformed("step", text, fix))
}

fn number(text: &str) -> Result<String, Failure> {
    let read = E164::parse(text.replace(' ', "+").trim()).map(|e164| e164.to_string());
    read.map_err(|_| malformed("e164", text, "A number in E.164, for example +493023125010."))
}

fn measures(text: Option<String>) -> Result<BTreeSet<&'static str>, Failure> {
    let Some(text) = text else { return Ok(MEASURES.into_iter().collect()) };
    let mut wanted = BTreeSet::new();
    for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        let known = MEASURES
            .into_iter()
            .find(|measure| *measure == word || format!("{measure}_s") == word || format!("{measure}_ms") == word);
        wanted.insert(known.ok_or_else(|| malformed("measures", word, &format!("Any of {}.", MEASURES.join(", "))))?);
    }
    Ok(wanted)
}

/// A row of aggregates. Keys that were not asked for are left out; a measure of which there is nothing is null.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct QualityOut {
    /// Beginning of the step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Id of the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Id of the operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// Country of the outside party, ISO 3166; null where it cannot be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub country: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<String>,
    /// The tenant's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Calls that ended: the n of `ner` and `asr`.
    pub n: i64,
    /// Poor among the classified calls, 0..1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub poor_ratio: Option<Option<f64>>,
    /// Classified calls: the n of `poor_ratio`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poor_ratio_n: Option<i64>,
    /// Network effectiveness ratio (ITU-T E.425), 0..1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub ner: Option<Option<f64>>,
    /// Answer seizure ratio, 0..1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub asr: Option<Option<f64>>,
    /// Mean talk of the answered calls, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub acd_s: Option<Option<f64>>,
    /// Answered calls: the n of `acd_s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acd_n: Option<i64>,
    /// Mean time from the invitation to ringing, milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub pdd_ms: Option<Option<f64>>,
    /// Calls that rang: the n of `pdd_ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pdd_n: Option<i64>,
    /// Mean of the computed scores.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub mos_lqe: Option<Option<f64>>,
    /// Streams with a computed score: the n of `mos_lqe`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mos_n: Option<i64>,
    /// The kind of `mos_lqe`: `lqe_g107_nb`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mos_kind: Option<String>,
    /// What the row is ordered by.
    #[serde(skip)]
    pub(super) key: Vec<String>,
    /// Whose calls stand in it.
    #[serde(skip)]
    pub(super) parties: BTreeSet<Uuid>,
}

/// Columns of the CSV form, in order.
pub(super) const COLUMNS: [&str; 18] = [
    "at",
    "tenant",
    "operator",
    "country",
    "direction",
    "number",
    "n",
    "poor_ratio",
    "poor_ratio_n",
    "ner",
    "asr",
    "acd_s",
    "acd_n",
    "pdd_ms",
    "pdd_n",
    "mos_lqe",
    "mos_n",
    "mos_kind",
];

impl QualityOut {
    /// The place of the row in the list.
    pub(super) fn cursor(&self) -> String {
        Cursor(self.key.clone()).encode()
    }
}

/// Parts of a row's key, and so of its cursor.
pub(super) const KEYS: usize = 5;

impl MeasuresAsk {
    /// Puts lines of single parties together into rows, in the order of their keys.
    pub(super) fn rows(&self, lines: Vec<GroupLine>) -> Vec<QualityOut> {
        let mut sums: BTreeMap<[String; KEYS], (Counts, BTreeSet<Uuid>)> = BTreeMap::new();
        for line in lines {
            let key = [
                line.at.map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true)).unwrap_or_default(),
                if self.by_party { line.party.to_string() } else { String::new() },
                line.country.unwrap_or_default(),
                line.direction.unwrap_or_default(),
                line.number.unwrap_or_default(),
            ];
            let sum = sums.entry(key).or_default();
            sum.0 += line.counts;
            sum.1.insert(line.party);
        }
        sums.into_iter().map(|(key, (counts, parties))| self.row(key, counts, parties)).collect()
    }

    fn row(&self, key: [String; KEYS], counts: Counts, parties: BTreeSet<Uuid>) -> QualityOut {
        let [at, party, country, direction, number] = key.clone();
        let asked = |yes: bool, text: String| yes.then_some(text);
        let wants = |measure: &str| self.measures.contains(measure);
        let n = |measure: &str, n: i64| wants(measure).then_some(n);
        let measure = |measure: &str, value: Option<f64>| wants(measure).then_some(value);
        let known = Some(country).filter(|country| !country.is_empty());
        QualityOut {
            at: asked(self.grouping.step_s.is_some(), at),
            tenant: asked(self.by_party && self.party == "tenant", party.clone()),
            operator: asked(self.by_party && self.party == "operator", party),
            country: self.grouping.country.then_some(known),
            direction: asked(self.grouping.direction, direction),
            number: asked(self.grouping.number, number),
            n: counts.calls,
            poor_ratio: measure("poor_ratio", counts.poor_ratio()),
            poor_ratio_n: n("poor_ratio", counts.rated()),
            ner: measure("ner", counts.ner()),
            asr: measure("asr", counts.asr()),
            acd_s: measure("acd", counts.acd_s()),
            acd_n: n("acd", counts.answered),
            pdd_ms: measure("pdd", counts.pdd_ms()),
            pdd_n: n("pdd", counts.pdd_n),
            mos_lqe: measure("mos_lqe", counts.mos_lqe()),
            mos_n: n("mos_lqe", counts.mos_n),
            mos_kind: wants("mos_lqe").then(|| MOS_KIND.to_owned()),
            key: key.to_vec(),
            parties,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;

    use super::*;

    fn now() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 11, 23, 14, 30, 0).single().expect("a time")
    }

    fn read(query: &str) -> Result<MeasuresAsk, Failure> {
        serde_urlencoded::from_str::<MeasuresIn>(query).expect("a query").read("tenant", now())
    }

    fn line(party: u128, direction: &str, calls: i64, answered: i64) -> GroupLine {
        GroupLine {
            at: None,
            party: Uuid::from_u128(party),
            country: None,
            direction: Some(direction.to_owned()),
            number: None,
            counts: Counts { calls, answered, ..Counts::default() },
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for bad in [
            "from=x",
            "to=2026-13-01",
            "from=2026-11-24&to=2026-11-23",
            "from=2020-01-01",
            "step=5m",
            "step=0h",
            "step=h",
            "step=ü",
            "step=99999999999999999999d",
            "group_by=operator",
            "group_by=x",
            "measures=mos",
            "direction=up",
            "tenant_id=x",
            "e164=x",
            "from=-262143-01-01",
        ] {
            let problem = read(bad).map(|_| ()).expect_err(bad).problem();
            assert_eq!((problem.status, problem.code), (400, "query_malformed"), "{bad}");
        }
    }

    #[test]
    fn times_are_rounded_outwards_and_measures_known_by_both_names() {
        let ask = read("from=2026-11-20T09:30:00+01:00&step=1d&group_by=tenant,direction&measures=acd_s,pdd,n").expect("read");
        assert_eq!(ask.slice.from, Utc.with_ymd_and_hms(2026, 11, 20, 8, 0, 0).single().expect("a time"));
        assert_eq!(ask.slice.to, Utc.with_ymd_and_hms(2026, 11, 23, 15, 0, 0).single().expect("a time"));
        assert_eq!((ask.grouping.step_s, ask.measures), (Some(86_400), ["acd", "pdd", "n"].into_iter().collect()));
    }

    #[test]
    fn parties_are_put_together_unless_asked_for() {
        let lines = || vec![line(1, "inbound", 3, 1), line(2, "inbound", 1, 1), line(2, "outbound", 5, 5)];
        let together = read("group_by=direction&measures=asr").expect("read").rows(lines());
        let told: Vec<_> = together.iter().map(|row| (row.direction.clone(), row.n, row.asr, row.parties.len())).collect();
        let expected = [(Some("inbound".to_owned()), 4, Some(Some(0.5)), 2), (Some("outbound".to_owned()), 5, Some(Some(1.0)), 1)];
        assert_eq!(told, expected);
        assert_eq!(serde_json::to_string(&together[1]).expect("JSON"), r#"{"direction":"outbound","n":5,"asr":1.0}"#);
        let apart = read("group_by=tenant,direction&measures=asr").expect("read").rows(lines());
        assert_eq!(apart.len(), 3);
        assert!(apart.windows(2).all(|pair| pair[0].key < pair[1].key));
    }
}
