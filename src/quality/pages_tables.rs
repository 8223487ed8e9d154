//! Tiles and tables of the quality pages. Every figure has its n and leads to its calls.

use leptos::prelude::*;

use super::model::Counts;
use super::model::MOS_KIND;
use super::model::POOR_TARGET;
use super::model::TOO_FEW;
use super::model::too_few;
use super::pages::Shown;
use super::pages::Side;
use super::queries::Place;
use crate::consent::country_text;
use crate::tr;
use crate::ui::Badge;
use crate::ui::Card;
use crate::ui::Col;
use crate::ui::Cols;
use crate::ui::Fine;
use crate::ui::Grid;
use crate::ui::Lang;
use crate::ui::Rows;
use crate::ui::Table;
use crate::ui::Text;
use crate::ui::Tile;
use crate::ui::Tiles;
use crate::ui::Tone;
use crate::ui::decimal;
use crate::ui::percent;
use crate::ui::span;

/// `inbound` or `outbound` as a word.
pub(super) fn direction_text(lang: Lang, direction: &str) -> Text {
    if direction == "inbound" { tr!(in lang, "quality.inbound") } else { tr!(in lang, "quality.outbound") }
}

/// A figure, or that there are too few calls for one.
fn told(lang: Lang, n: i64, value: Option<String>) -> Text {
    match value {
        Some(value) if !too_few(n) => value.into(),
        Some(_) => tr!(in lang, "quality.too_few"),
        None => "–".into(),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds of a mean, far below 2^53")]
fn whole(value: f64) -> i64 {
    value.round() as i64
}

fn acd(lang: Lang, counts: &Counts) -> Option<String> {
    counts.acd_s().map(|seconds| span(lang, whole(seconds * 1000.0)))
}

fn pdd(lang: Lang, counts: &Counts) -> Option<String> {
    counts.pdd_ms().map(|ms| span(lang, whole(ms)))
}

/// Poor share and the ratios over everything shown.
pub(super) fn tiles(shown: &Shown) -> AnyView {
    let (v, lang) = (&shown.v, shown.v.lang);
    let total = shown.figures.total();
    let n = |n: i64, of: Text| {
        let text = format!("n = {} {of}", v.count(n));
        view! { <span>{text}</span> }
    };
    let ratio = |value: Option<f64>| value.map(|value| percent(lang, value, 1));
    let target = percent(lang, POOR_TARGET, 0);
    let badge = total.poor_ratio().filter(|_| !too_few(total.rated())).map(|share| {
        let (tone, text) = if share > POOR_TARGET {
            (Tone::Danger, tr!(in lang, "quality.above", share = target))
        } else {
            (Tone::Ok, tr!(in lang, "quality.below", share = target))
        };
        view! { <Badge tone=tone text=text /> }
    });
    let poor = told(lang, total.rated(), ratio(total.poor_ratio()));
    let ner = told(lang, total.calls, ratio(total.ner()));
    let asr = told(lang, total.calls, ratio(total.asr()));
    let acd = told(lang, total.answered, acd(lang, &total));
    let pdd = told(lang, total.pdd_n, pdd(lang, &total));
    let mos = told(lang, total.mos_n, total.mos_lqe().map(|mos| decimal(lang, mos, 2)));
    let rated_n = n(total.rated(), tr!(in lang, "quality.of_rated"));
    let attempts_n = n(total.calls, tr!(in lang, "quality.of_attempts"));
    let calls_n = n(total.calls, tr!(in lang, "quality.of_attempts"));
    let answered_n = n(total.answered, tr!(in lang, "quality.of_answered"));
    let rang_n = n(total.pdd_n, tr!(in lang, "quality.of_rang"));
    let streams_n = n(total.mos_n, tr!(in lang, "quality.of_streams"));
    let (poor_href, all_href) = (shown.poor_href(&[]), shown.calls_href(&[]));
    let answered_href = shown.calls_href(&[("tab", "answered")]);
    view! {
        <Tiles>
            <Tile label=tr!(in lang, "quality.poor_calls") value=poor href=poor_href>
                {badge}
                {rated_n}
            </Tile>
            <Tile label=tr!(in lang, "quality.ner") value=ner href=all_href>{attempts_n}</Tile>
            <Tile label=tr!(in lang, "quality.asr") value=asr href=answered_href.clone()>{calls_n}</Tile>
            <Tile label=tr!(in lang, "quality.acd") value=acd href=answered_href>{answered_n}</Tile>
            <Tile label=tr!(in lang, "quality.pdd") value=pdd>{rang_n}</Tile>
            <Tile label=tr!(in lang, "quality.mos") value=mos>
                <span>{MOS_KIND}</span>
                {streams_n}
            </Tile>
        </Tiles>
    }
    .into_any()
}

/// Where calls are poor, worst first.
pub(super) fn worst(shown: &Shown) -> AnyView {
    let lang = shown.v.lang;
    let numbers = card(shown, tr!(in lang, "quality.numbers"), &shown.figures.numbers, |rows, place| {
        let party = place.party.map(|party| party.to_string()).unwrap_or_default();
        let href = shown.poor_href(&[("number", &place.name), (shown.side.party_key(), &party)]);
        rows.tel_link(&href, &place.name);
        if let Some(party) = place.party {
            rows.sub(&shown.name(party));
        }
    });
    let countries = card(shown, tr!(in lang, "quality.countries"), &shown.figures.countries, |rows, place| {
        if place.name.is_empty() {
            rows.text(&tr!(in lang, "quality.country_unknown"));
        } else {
            rows.row_link(&shown.poor_href(&[("country", &place.name)]), &country_text(lang, &place.name));
        }
    });
    let networks = (shown.side == Side::Tenant).then(|| {
        card(shown, tr!(in lang, "quality.networks"), &shown.figures.networks, |rows, place| {
            if place.name.is_empty() {
                rows.text(&tr!(in lang, "quality.network_unknown"));
            } else {
                rows.row_link(&shown.poor_href(&[("network", &place.name)]), &place.name);
            }
        })
    });
    let parties = parties(shown);
    view! {
        <section class="stack" data-gap="tight" aria-labelledby="quality-worst">
            <h2 id="quality-worst">{tr!(in lang, "quality.worst")}</h2>
            <Grid cols=Cols::Two>
                {numbers}
                <div class="stack">{networks} {countries} {parties}</div>
            </Grid>
        </section>
    }
    .into_any()
}

/// Parties put together over both directions, worst first.
fn parties(shown: &Shown) -> AnyView {
    let mut places: Vec<Place> = Vec::new();
    for line in &shown.figures.parties {
        let (rated, poor) = (line.counts.rated(), line.counts.poor);
        match places.iter_mut().find(|place| place.party == Some(line.party)) {
            Some(place) => (place.rated, place.poor) = (place.rated + rated, place.poor + poor),
            None => places.push(Place { name: shown.name(line.party), party: Some(line.party), rated, poor }),
        }
    }
    places.retain(|place| place.rated > 0);
    places.sort_by(|a, b| rank(b).total_cmp(&rank(a)).then(b.rated.cmp(&a.rated)));
    places.truncate(10);
    let title = match shown.side {
        Side::Tenant => tr!(in shown.v.lang, "quality.operators"),
        Side::Operator => tr!(in shown.v.lang, "quality.customers"),
    };
    card(shown, title, &places, |rows, place| {
        let party = place.party.map(|party| party.to_string()).unwrap_or_default();
        rows.row_link(&shown.poor_href(&[(shown.side.party_key(), &party)]), &place.name);
    })
}

/// The share of poor calls; places with too few come last.
fn rank(place: &Place) -> f64 {
    poor_ratio(place).filter(|_| !too_few(place.rated)).unwrap_or(-1.0)
}

fn poor_ratio(place: &Place) -> Option<f64> {
    Counts { good: place.rated - place.poor, poor: place.poor, ..Counts::default() }.poor_ratio()
}

fn card(shown: &Shown, title: Text, places: &[Place], link: impl Fn(&mut Rows, &Place)) -> AnyView {
    let (v, lang) = (&shown.v, shown.v.lang);
    let cols = vec![Col::new(tr!(in lang, "quality.where")), Col::new(tr!(in lang, "quality.poor")).num(), Col::new("n").num()];
    let mut rows = Rows::new(v, &cols);
    for place in places {
        rows.row();
        link(rows.cell(), place);
        rows.cell();
        match poor_ratio(place) {
            Some(share) if !too_few(place.rated) => {
                let text = percent(lang, share, 1);
                if share > POOR_TARGET {
                    rows.badge(Tone::Danger, &text)
                } else {
                    rows.text(&text)
                };
            }
            _ => {
                rows.text(&tr!(in lang, "quality.too_few"));
            }
        }
        rows.cell().count(place.rated);
    }
    let label = title.clone();
    view! {
        <Card title=title flush=true>
            <Table label=label cols=cols compact=true>
                {rows.finish()}
            </Table>
        </Card>
    }
    .into_any()
}

/// Every measure by party and direction.
pub(super) fn by_party(shown: &Shown) -> AnyView {
    let (v, lang) = (&shown.v, shown.v.lang);
    let cols = vec![
        Col::new(shown.side.party_label(lang)),
        Col::new(tr!(in lang, "quality.direction")),
        Col::new(tr!(in lang, "quality.attempts")).num(),
        Col::new("NER").num(),
        Col::new("ASR").num(),
        Col::new("ACD").num().mid(),
        Col::new(tr!(in lang, "quality.pdd_short")).num().low(),
        Col::new(tr!(in lang, "quality.poor")).num(),
        Col::new(tr!(in lang, "quality.rated")).num().low(),
        Col::new(tr!(in lang, "quality.mos_short")).num().low(),
    ];
    let ratio = |value: Option<f64>| value.map(|value| percent(lang, value, 1));
    let mut lines: Vec<_> = shown.figures.parties.iter().map(|line| (shown.name(line.party), line)).collect();
    lines.sort_by(|a, b| (&a.0, a.1.party, &a.1.direction).cmp(&(&b.0, b.1.party, &b.1.direction)));
    let mut rows = Rows::new(v, &cols);
    for (name, line) in lines {
        let (counts, party) = (&line.counts, line.party.to_string());
        let href = shown.calls_href(&[(shown.side.party_key(), &party), ("direction", &line.direction)]);
        rows.row();
        rows.cell().row_link(&href, &name);
        rows.cell().text(&direction_text(lang, &line.direction));
        rows.cell().count(counts.calls);
        measure(&mut rows, lang, counts.calls, ratio(counts.ner()));
        measure(&mut rows, lang, counts.calls, ratio(counts.asr()));
        measure(&mut rows, lang, counts.answered, acd(lang, counts));
        measure(&mut rows, lang, counts.pdd_n, pdd(lang, counts));
        measure(&mut rows, lang, counts.rated(), ratio(counts.poor_ratio()));
        rows.cell().count(counts.rated());
        measure(&mut rows, lang, counts.mos_n, counts.mos_lqe().map(|mos| decimal(lang, mos, 2)));
    }
    let title = match shown.side {
        Side::Tenant => tr!(in lang, "quality.by_operator"),
        Side::Operator => tr!(in lang, "quality.by_customer"),
    };
    let label = title.clone();
    view! {
        <section class="stack" data-gap="tight" aria-labelledby="quality-parties">
            <h2 id="quality-parties">{title}</h2>
            <div class="list">
                <Table label=label cols=cols>
                    {rows.finish()}
                </Table>
            </div>
            <Fine text=tr!(in lang, "quality.definitions", few = TOO_FEW, kind = MOS_KIND) />
        </section>
    }
    .into_any()
}

fn measure(rows: &mut Rows, lang: Lang, n: i64, value: Option<String>) {
    rows.cell();
    match value {
        Some(_) => rows.text(&told(lang, n, value)),
        None => rows.dash(),
    };
}
