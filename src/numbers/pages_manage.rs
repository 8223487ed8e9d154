//! The forms of a number's page: what its tenant can change besides who has it. Each stands behind a line of its own and
//! opens by itself when it was refused, with what was typed and the way to mend it.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::forms_acts::ActOnNumber;
use super::queries_detail::NumberDetail;
use super::queries_places::PlaceLine;
use super::shown;
use super::words::Category;
use super::words::Usage;
use crate::identity::PageRequest;
use crate::tr;
use crate::ui::ActionButton;
use crate::ui::Button;
use crate::ui::Card;
use crate::ui::Disclosure;
use crate::ui::Hidden;
use crate::ui::Kind;
use crate::ui::Lang;
use crate::ui::Opt;
use crate::ui::Select;
use crate::ui::Size;
use crate::ui::Tag;
use crate::ui::Text;
use crate::ui::TextInput;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::Viewer;

/// The card with the forms; `book`: the addresses to choose from.
pub(super) fn manage_card(v: &Viewer, req: &PageRequest, number: &NumberDetail, book: &[PlaceLine]) -> AnyView {
    let lang = v.lang;
    let assigned = number.target_id.is_some();
    let who = if assigned { category(lang, req, number) } else { usage(lang, req, number) };
    let free = (!assigned).then(|| {
        view! {
            {reservation(lang, req, number)}
            {release(v, req, number)}
        }
    });
    let (location, tags) = (location(lang, req, number, book), tags(lang, req, number));
    view! {
        <Card title=tr!(in lang, "numbers.act.title") id="change">
            <div class="stack" data-gap="tight">
                {who}
                {location}
                {tags}
                {free}
            </div>
        </Card>
    }
    .into_any()
}

/// Why this form was refused, with the way to mend it.
fn mishap(req: &PageRequest, act: &str) -> Option<String> {
    let flash = req.flash.as_ref().filter(|flash| flash.tone == Tone::Danger && req.typed("act") == Some(act))?;
    let fixes = flash.errors.iter().map(|error| error.fix.as_str());
    Some(std::iter::once(flash.text.as_str()).chain(fixes).collect::<Vec<_>>().join(" "))
}

/// What was typed into this form when it was refused.
fn typed(req: &PageRequest, act: &str, field: &str) -> Option<String> {
    req.typed("act").filter(|refused| *refused == act).and_then(|_| req.typed(field)).map(str::to_owned)
}

/// A form behind its line.
fn fold(
    req: &PageRequest,
    number: &NumberDetail,
    act: &'static str,
    summary: Text,
    inside: AnyView,
    beside: Option<AnyView>,
) -> AnyView {
    let open = mishap(req, act).is_some();
    let (slug, e164, version) = (req.slug().to_owned(), number.e164.clone(), number.version.to_string());
    view! {
        <Disclosure summary=summary open=open>
            <div class="stack" data-gap="tight">
                <form class="stack" data-gap="tight" method="post" action=ActOnNumber::url()>
                    <Hidden name="slug" value=slug />
                    <Hidden name="e164" value=e164 />
                    <Hidden name="version" value=version />
                    <Hidden name="act" value=act />
                    {inside}
                </form>
                {beside}
            </div>
        </Disclosure>
    }
    .into_any()
}

/// The hidden fields of a form with one button.
pub(super) fn hidden(req: &PageRequest, number: &NumberDetail, act: &'static str, value: &str) -> Vec<(Text, Text)> {
    vec![
        ("slug".into(), req.slug().to_owned().into()),
        ("e164".into(), number.e164.clone().into()),
        ("version".into(), number.version.to_string().into()),
        ("act".into(), act.into()),
        ("value".into(), value.to_owned().into()),
    ]
}

fn category(lang: Lang, req: &PageRequest, number: &NumberDetail) -> AnyView {
    let options = Category::ALL.iter().map(|word| Opt::new(word.as_str(), shown::category(lang, word.as_str()))).collect();
    let value = typed(req, "category", "value").or_else(|| number.category.clone());
    let inside = view! {
        <Select
            name="value"
            id="category-value"
            label=tr!(in lang, "numbers.category.label")
            hint=tr!(in lang, "numbers.act.category_hint")
            options=options
            value=value
            error=mishap(req, "category")
        />
        <div class="cluster">
            <Button size=Size::Small>{tr!(in lang, "numbers.act.category")}</Button>
        </div>
    }
    .into_any();
    fold(req, number, "category", tr!(in lang, "numbers.act.category"), inside, None)
}

fn usage(lang: Lang, req: &PageRequest, number: &NumberDetail) -> AnyView {
    let options = Usage::ALL
        .iter()
        .map(|word| {
            let offered = number.capabilities.iter().any(|capability| capability == word.capability().as_str());
            let label = shown::usage(lang, word.as_str());
            let label = if offered { label } else { tr!(in lang, "numbers.act.not_offered", usage = label) };
            Opt::new(word.as_str(), label).disabled(!offered)
        })
        .collect();
    let value = typed(req, "usage", "value").unwrap_or_else(|| number.usage.clone());
    let inside = view! {
        <Select
            name="value"
            id="usage-value"
            label=tr!(in lang, "numbers.usage.label")
            hint=tr!(in lang, "numbers.act.usage_hint", operator = number.operator_name)
            options=options
            value=value
            error=mishap(req, "usage")
        />
        <div class="cluster">
            <Button size=Size::Small>{tr!(in lang, "numbers.act.usage")}</Button>
        </div>
    }
    .into_any();
    fold(req, number, "usage", tr!(in lang, "numbers.act.usage"), inside, None)
}

fn location(lang: Lang, req: &PageRequest, number: &NumberDetail, book: &[PlaceLine]) -> AnyView {
    if number.emergency_address_mode == "operator_fixed" {
        let text = tr!(in lang, "numbers.act.location_fixed", operator = number.operator_name);
        return view! { <Disclosure summary=tr!(in lang, "numbers.act.location")><p class="fine">{text}</p></Disclosure> }
            .into_any();
    }
    let mut options: Vec<Opt> =
        book.iter().map(|place| Opt::new(place.id.to_string(), format!("{}: {}", place.label, line(place)))).collect();
    let current = number.emergency_location_id.map(|id| id.to_string());
    if let (Some(id), Some(line)) = (&current, &number.emergency_location)
        && !book.iter().any(|place| place.id.to_string() == *id)
    {
        options.insert(0, Opt::new(id.clone(), line.clone()));
    }
    let none = match number.emergency_address_mode.as_str() {
        "operator_default" => tr!(in lang, "numbers.act.location_default", operator = number.operator_name),
        _ => tr!(in lang, "numbers.act.location_none"),
    };
    let value = typed(req, "location", "value").or(current);
    let places = format!("/t/{}/locations", req.slug());
    let inside = view! {
        <Select
            name="value"
            id="location-value"
            label=tr!(in lang, "numbers.emergency.label")
            hint=tr!(in lang, "numbers.act.location_hint")
            options=options
            any=none
            value=value
            error=mishap(req, "location")
        />
        <div class="cluster">
            <Button size=Size::Small>{tr!(in lang, "numbers.act.location")}</Button>
            <a href=places>{tr!(in lang, "numbers.places.title")}</a>
        </div>
    }
    .into_any();
    fold(req, number, "location", tr!(in lang, "numbers.act.location"), inside, None)
}

/// `Hauptstr. 1, 10115 Berlin`.
pub(super) fn line(place: &PlaceLine) -> String {
    let street = format!("{} {}", place.street, place.house_number);
    format!("{}, {} {}", street.trim(), place.postal_code, place.city)
}

fn tags(lang: Lang, req: &PageRequest, number: &NumberDetail) -> AnyView {
    let held = number
        .tags
        .iter()
        .map(|tag| {
            let label = tr!(in lang, "numbers.act.untag_one", tag = tag);
            view! {
                <span class="cluster">
                    <Tag text=tag.clone() />
                    <ActionButton action=ActOnNumber::url() fields=hidden(req, number, "untag", tag) kind=Kind::Quiet size=Size::Small label=label>
                        {tr!(in lang, "numbers.act.untag")}
                    </ActionButton>
                </span>
            }
        })
        .collect_view();
    let held = (!number.tags.is_empty()).then(|| view! { <div class="cluster">{held}</div> });
    let value = typed(req, "tag", "value");
    let error = mishap(req, "tag").or_else(|| mishap(req, "untag"));
    let open = error.is_some();
    let (slug, e164) = (req.slug().to_owned(), number.e164.clone());
    view! {
        <Disclosure summary=tr!(in lang, "numbers.act.tags") open=open>
            <div class="stack" data-gap="tight">
                {held}
                <form class="stack" data-gap="tight" method="post" action=ActOnNumber::url()>
                    <Hidden name="slug" value=slug />
                    <Hidden name="e164" value=e164 />
                    <Hidden name="act" value="tag" />
                    <TextInput
                        name="value"
                        id="tag-value"
                        label=tr!(in lang, "numbers.act.tag_label")
                        hint=tr!(in lang, "numbers.act.tag_hint")
                        value=value
                        error=error
                    />
                    <div class="cluster">
                        <Button size=Size::Small>{tr!(in lang, "numbers.act.tag")}</Button>
                    </div>
                </form>
            </div>
        </Disclosure>
    }
    .into_any()
}

fn reservation(lang: Lang, req: &PageRequest, number: &NumberDetail) -> AnyView {
    let value = typed(req, "reserve", "note").or_else(|| number.reserved.clone());
    let word =
        if number.reserved.is_some() { tr!(in lang, "numbers.act.reserve_change") } else { tr!(in lang, "numbers.act.reserve") };
    let inside = view! {
        <TextInput
            name="note"
            id="reserve-note"
            label=tr!(in lang, "numbers.act.reserve_note")
            hint=tr!(in lang, "numbers.act.reserve_hint")
            maxlength="200"
            value=value
            error=mishap(req, "reserve")
        />
        <div class="cluster">
            <Button size=Size::Small>{word}</Button>
        </div>
    }
    .into_any();
    let lift = number.reserved.is_some().then(|| {
        view! {
            <ActionButton action=ActOnNumber::url() fields=hidden(req, number, "unreserve", "") kind=Kind::Quiet size=Size::Small>
                {tr!(in lang, "numbers.act.unreserve")}
            </ActionButton>
        }
        .into_any()
    });
    fold(req, number, "reserve", tr!(in lang, "numbers.act.reserve"), inside, lift)
}

fn release(v: &Viewer, req: &PageRequest, number: &NumberDetail) -> AnyView {
    let lang = v.lang;
    if let Some(since) = number.release_requested_at {
        let at = v.time(since, TimeStyle::Minute);
        let text = tr!(in lang, "numbers.act.release_asked", operator = number.operator_name, at = at);
        return view! { <Disclosure summary=tr!(in lang, "numbers.act.release")><p class="fine">{text}</p></Disclosure> }
            .into_any();
    }
    let inside = view! {
        <TextInput
            name="note"
            id="release-note"
            label=tr!(in lang, "numbers.act.release_note", operator = number.operator_name)
            hint=tr!(in lang, "numbers.act.release_hint", operator = number.operator_name)
            maxlength="500"
            value=typed(req, "release", "note")
            error=mishap(req, "release")
        />
        <div class="cluster">
            <Button size=Size::Small kind=Kind::Danger>{tr!(in lang, "numbers.act.release_button")}</Button>
        </div>
    }
    .into_any();
    fold(req, number, "release", tr!(in lang, "numbers.act.release"), inside, None)
}
