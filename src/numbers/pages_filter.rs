//! What the lists of both portals have above their rows: the filter form, the filters in force, the pasted list, how many there are.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::forms_lists::PasteNumbers;
use super::model_filter::LISTED;
use super::pasted::Listed;
use super::queries_filter::Tally;
use super::queries_list::CHOICES;
use super::shown;
use crate::consent::country_text;
use crate::identity::OrgKind;
use crate::identity::PageRequest;
use crate::tr;
use crate::trn;
use crate::ui::ActiveFilter;
use crate::ui::Band;
use crate::ui::Button;
use crate::ui::Checkbox;
use crate::ui::Disclosure;
use crate::ui::Hidden;
use crate::ui::Lang;
use crate::ui::Opt;
use crate::ui::Query;
use crate::ui::Select;
use crate::ui::Text;
use crate::ui::TextInput;
use crate::ui::Textarea;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::group_tel;

/// Unknown numbers that are named one by one.
const NAMED: usize = 20;

/// A value of the address as a field shows it.
pub fn value(query: &Query, key: &str) -> Option<String> {
    query.get(key).map(str::to_owned)
}

/// The fields behind «More filters» that both portals have. Countries and cities are chosen where they are few.
pub fn more_fields(lang: Lang, query: &Query, countries: &[String], cities: Option<&[String]>) -> AnyView {
    let any = move || tr!(in lang, "numbers.any");
    let kinds =
        ["geographic", "mobile", "toll_free", "national", "uifn"].map(|word| Opt::new(word, shown::kind(lang, word))).to_vec();
    let capabilities = ["inbound", "outbound", "user", "voice_app", "conference", "emergency"]
        .map(|word| Opt::new(word, shown::capability(lang, word)))
        .to_vec();
    let country = query.get("country").map(str::to_uppercase);
    let countries = countries.iter().map(|code| Opt::new(code.clone(), country_text(lang, code))).collect::<Vec<_>>();
    let city = city_field(lang, query, cities);
    view! {
        <Select name="country" label=tr!(in lang, "numbers.country") options=countries value=country any=any() />
        {city}
        <Select name="kind" label=tr!(in lang, "numbers.kind.label") options=kinds value=value(query, "kind") any=any() />
        <Select
            name="capability"
            label=tr!(in lang, "numbers.capability.label")
            options=capabilities
            value=value(query, "capability")
            any=any()
        />
        <TextInput
            name="from"
            label=tr!(in lang, "numbers.from")
            value=value(query, "from")
            maxlength="40"
            placeholder="+49 30 23125 000"
        />
        <TextInput name="to" label=tr!(in lang, "numbers.to") value=value(query, "to") maxlength="40" placeholder="+49 30 23125 999" />
        <TextInput
            name="pending_over"
            label=tr!(in lang, "numbers.pending_over")
            value=value(query, "pending_over")
            kind="number"
            inputmode="numeric"
        />
        <TextInput
            name="changed_since"
            label=tr!(in lang, "numbers.changed_since")
            value=value(query, "changed_since").map(|text| text.chars().take(10).collect::<String>())
            kind="date"
        />
        <Checkbox name="ends" label=tr!(in lang, "numbers.ends") checked=query.has("ends") />
    }
    .into_any()
}

fn city_field(lang: Lang, query: &Query, cities: Option<&[String]>) -> AnyView {
    let label = tr!(in lang, "numbers.city");
    let held = value(query, "city");
    match cities.filter(|cities| i64::try_from(cities.len()).is_ok_and(|n| n <= CHOICES)) {
        Some(cities) => {
            let held =
                held.map(|held| cities.iter().find(|city| city.to_lowercase() == held.to_lowercase()).cloned().unwrap_or(held));
            let options = cities.iter().map(|city| Opt::new(city.clone(), city.clone())).collect();
            view! { <Select name="city" label=label options=options value=held any=tr!(in lang, "numbers.any") /> }.into_any()
        }
        None => view! { <TextInput name="city" label=label value=held maxlength="100" placeholder="Berlin" /> }.into_any(),
    }
}

/// A filter that both portals have, in words; `None` for keys of only one of them.
pub fn named(v: &Viewer, key: &str, value: &str, listed: Option<&Listed>) -> Option<(Text, Text)> {
    let lang = v.lang;
    let plain = || Text::from(value.to_owned());
    Some(match key {
        "q" | "prefix" => (tr!(in lang, "numbers.search_mode"), plain()),
        "list" | "numbers" => {
            let count = listed.map_or(0, |listed| listed.numbers);
            (tr!(in lang, "numbers.pasted.chip"), trn!(in lang, "numbers.found", count))
        }
        "country" => (tr!(in lang, "numbers.country"), country_text(lang, &value.to_uppercase())),
        "city" => (tr!(in lang, "numbers.city"), plain()),
        "kind" => (tr!(in lang, "numbers.kind.label"), shown::kind(lang, value)),
        "usage" => (tr!(in lang, "numbers.usage.label"), shown::usage(lang, value)),
        "capability" => (tr!(in lang, "numbers.capability.label"), shown::capability(lang, value)),
        "pending_over" => (tr!(in lang, "numbers.pending_chip"), tr!(in lang, "numbers.minutes", n = value)),
        "from" => (tr!(in lang, "numbers.from"), plain()),
        "to" => (tr!(in lang, "numbers.to"), plain()),
        "changed_since" | "updated_since" => (tr!(in lang, "numbers.changed_since"), plain()),
        "ends" => (tr!(in lang, "numbers.search_mode"), tr!(in lang, "numbers.ends")),
        _ => return None,
    })
}

/// The filters in force, in the order of their keys; `name` says those that one portal has alone.
pub fn active<'a>(
    query: &Query,
    path: &str,
    keys: impl Iterator<Item = &'a str>,
    name: impl Fn(&str, &str) -> Option<(Text, Text)>,
) -> Vec<ActiveFilter> {
    let first = query.first_page();
    keys.filter_map(|key| {
        let value = query.get(key)?;
        let (label, value) = name(key, value)?;
        Some(ActiveFilter { label, value, remove_href: first.without(key).href(path) })
    })
    .collect()
}

/// The form that takes a pasted list, folded away, and what became of the list in force.
pub fn pasted(v: &Viewer, req: &PageRequest, kind: OrgKind, query: &Query, listed: Option<&Listed>) -> AnyView {
    let lang = v.lang;
    let open = query.has("paste") || req.wrong("pasted").is_some();
    let kept = query.without("paste").encode();
    let state = view! {
        <Hidden name="kind" value=kind.as_str() />
        <Hidden name="slug" value=req.slug().to_owned() />
        <Hidden name="query" value=kept />
    };
    let typed = req.typed("pasted").map(str::to_owned);
    let error = req.wrong("pasted");
    let hint = tr!(in lang, "numbers.pasted.hint", most = v.count(i64::try_from(LISTED).unwrap_or(i64::MAX)));
    let missing = listed.map(|listed| listed_band(lang, listed));
    view! {
        {missing}
        <Disclosure summary=tr!(in lang, "numbers.pasted.title") open=open>
            <form class="stack" data-gap="tight" method="post" action=PasteNumbers::url()>
                {state}
                <Textarea
                    name="pasted"
                    label=tr!(in lang, "numbers.pasted.label")
                    hint=hint
                    error=error
                    value=typed
                    rows=5
                    mono=true
                />
                <div class="cluster">
                    <Button>{tr!(in lang, "numbers.pasted.show")}</Button>
                </div>
            </form>
        </Disclosure>
    }
    .into_any()
}

/// Names what of a pasted list is not there.
fn listed_band(lang: Lang, listed: &Listed) -> Option<AnyView> {
    let missing = listed.unknown.len() + listed.unread.len();
    if missing == 0 {
        return None;
    }
    let more = |rest: usize| (rest > 0).then(|| trn!(in lang, "numbers.pasted.more", rest));
    let line = |label: Text, words: Vec<String>| {
        let rest = more(words.len().saturating_sub(NAMED));
        let shown = words.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
        let text = [Some(shown), rest.map(Text::into_owned)].into_iter().flatten().collect::<Vec<_>>().join(" ");
        view! { <p class="band-text">{label}": "{text}</p> }
    };
    let unknown = (!listed.unknown.is_empty())
        .then(|| line(tr!(in lang, "numbers.pasted.unknown"), listed.unknown.iter().map(|e164| group_tel(e164)).collect()));
    let unread = (!listed.unread.is_empty()).then(|| line(tr!(in lang, "numbers.pasted.unread"), listed.unread.clone()));
    let body = view! {
        {unknown}
        {unread}
    }
    .into_any();
    Some(view! { <Band tone=Tone::Warn title=trn!(in lang, "numbers.pasted.missing", missing) body=body /> }.into_any())
}

/// How many there are, for the head of the list; and the same for «n of …».
pub fn tally(v: &Viewer, tally: Tally) -> (Text, Text) {
    let lang = v.lang;
    match tally {
        Tally::Exactly(n) => (trn!(in lang, "numbers.found", n), v.count(n).into()),
        Tally::About(n) => (tr!(in lang, "numbers.about", n = v.count(n)), tr!(in lang, "numbers.about_n", n = v.count(n))),
        Tally::MoreThan(n) => (tr!(in lang, "numbers.more_than", n = v.count(n)), format!("> {}", v.count(n)).into()),
    }
}
