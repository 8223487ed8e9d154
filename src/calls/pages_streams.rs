//! The sound of a call: one card for each stream, every figure with its unit and every MOS with its kind.

use leptos::prelude::*;

use super::queries_calls_feed::StreamLine;
use super::shown;
use crate::tr;
use crate::ui::Badge;
use crate::ui::Card;
use crate::ui::Cols;
use crate::ui::Empty;
use crate::ui::Grid;
use crate::ui::Icon;
use crate::ui::Kv;
use crate::ui::KvRow;
use crate::ui::Lang;
use crate::ui::Viewer;
use crate::ui::decimal;
use crate::ui::percent;

/// One card for each stream, or why there is none.
pub(super) fn streams_cards(v: &Viewer, streams: &[StreamLine], operator: &str) -> AnyView {
    let lang = v.lang;
    if streams.is_empty() {
        let title = tr!(in lang, "calls.stream.none");
        return view! {
            <Card flush=true>
                <Empty title=title text=tr!(in lang, "calls.stream.none_text") icon=Icon::Pulse />
            </Card>
        }
        .into_any();
    }
    let cards = streams.iter().map(|stream| card(v, stream, operator)).collect_view();
    view! { <Grid cols=Cols::Two>{cards}</Grid> }.into_any()
}

fn card(v: &Viewer, stream: &StreamLine, operator: &str) -> AnyView {
    let lang = v.lang;
    let title = match (stream.side.as_str(), stream.direction.as_str()) {
        ("operator", "sent") => tr!(in lang, "calls.stream.to_operator", operator = operator),
        ("operator", _) => tr!(in lang, "calls.stream.from_operator", operator = operator),
        (_, "sent") => tr!(in lang, "calls.stream.to_client"),
        _ => tr!(in lang, "calls.stream.from_client"),
    };
    let (tone, word) = shown::quality(lang, &stream.quality);
    let aside = view! { <Badge tone=tone text=word /> }.into_any();
    let ms = |average, most| figures(lang, average, most, |value| format!("{}\u{a0}ms", decimal(lang, value, 1)));
    let share = |average, most| figures(lang, average, most, |value| percent(lang, value, 2));
    let rows = [
        (tr!(in lang, "calls.stream.jitter"), ms(stream.jitter_ms_avg, stream.jitter_ms_max)),
        (tr!(in lang, "calls.stream.loss"), share(stream.loss_ratio_avg, stream.loss_ratio_max)),
        (tr!(in lang, "calls.stream.rtt"), ms(stream.rtt_ms_avg, stream.rtt_ms_max)),
        (tr!(in lang, "calls.stream.concealed"), share(stream.concealed_ratio_avg, None)),
        (tr!(in lang, "calls.stream.mos"), mos(lang, stream)),
        (tr!(in lang, "calls.stream.r"), r_factor(lang, stream)),
        (tr!(in lang, "calls.stream.packets"), stream.packets.map(|n| v.count(n))),
        (tr!(in lang, "calls.codec"), stream.codec.clone()),
    ]
    .into_iter()
    .filter_map(|(label, value)| value.map(|value| view! { <KvRow label=label>{value}</KvRow> }))
    .collect_view();
    view! {
        <Card title=title aside=aside>
            <Kv>{rows}</Kv>
        </Card>
    }
    .into_any()
}

/// `9.5 ms, highest 19.0 ms`.
fn figures(lang: Lang, average: Option<f64>, most: Option<f64>, write: impl Fn(f64) -> String) -> Option<String> {
    match (average, most) {
        (Some(average), Some(most)) => {
            Some(tr!(in lang, "calls.stream.average_most", average = write(average), most = write(most)).into_owned())
        }
        (Some(average), None) => Some(write(average)),
        (None, Some(most)) => Some(tr!(in lang, "calls.stream.most", most = write(most)).into_owned()),
        (None, None) => None,
    }
}

/// Reported and computed values stand side by side and are never mixed.
fn mos(lang: Lang, stream: &StreamLine) -> Option<String> {
    let reported = stream.mos.map(|mos| (mos, shown::mos_kind(lang, stream.mos_kind.as_deref())));
    let computed = stream.mos_computed.map(|mos| (mos, shown::mos_kind(lang, Some("lqe_g107_nb"))));
    let each = [reported, computed].into_iter().flatten().map(|(mos, kind)| format!("{} ({kind})", decimal(lang, mos, 2)));
    Some(each.collect::<Vec<_>>().join("; ")).filter(|text| !text.is_empty())
}

fn r_factor(lang: Lang, stream: &StreamLine) -> Option<String> {
    let reported = stream.r_factor.map(|r| (r, tr!(in lang, "calls.stream.reported")));
    let computed = stream.r_computed.map(|r| (r, tr!(in lang, "calls.stream.computed")));
    let each = [reported, computed].into_iter().flatten().map(|(r, how)| format!("{} ({how})", decimal(lang, r, 1)));
    Some(each.collect::<Vec<_>>().join("; ")).filter(|text| !text.is_empty())
}
