//! One entry of the register, and the page that proves the chain.

use leptos::prelude::*;
use uuid::Uuid;

use super::actions;
use super::queries_chain::Kept;
use super::words;
use crate::base::Failure;
use crate::identity::PageRequest;
use crate::identity::id_param;
use crate::store::ChainFault;
use crate::store::ChainHead;
use crate::store::ChainVerdict;
use crate::tr;
use crate::trn;
use crate::ui::Badge;
use crate::ui::Band;
use crate::ui::Button;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Copy;
use crate::ui::Crumb;
use crate::ui::Dash;
use crate::ui::Kv;
use crate::ui::KvRow;
use crate::ui::Lang;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::TextInput;
use crate::ui::Time;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::viewer;

/// `…/register/{id}`: everything the register keeps of one transfer, its digest and its place in the chain.
///
/// # Errors
/// 401 for a visitor, 403 without `register:read`, 404 for an entry of somebody else.
pub async fn entry_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let row = actions::entry(&req.store, ctx, id_param(req.param("id"), "entry")?).await?;
    let v = viewer();
    let lang = v.lang;
    let (tone, state) = words::state_word(lang, &row.state);
    let title = tr!(in lang, "transfers.entry_title", party = words::party(ctx.org, &row), at = v.time(row.at, TimeStyle::Short));
    let list = req.path.rsplit_once('/').map_or("", |(list, _)| list).to_owned();
    let crumbs = vec![Crumb::link(list, tr!(in lang, "transfers.title")), Crumb::here(tr!(in lang, "transfers.entry"))];
    let period = row
        .period_from
        .zip(row.period_to)
        .map(|(from, to)| view! { <Time at=from style=TimeStyle::Full />" – "<Time at=to style=TimeStyle::Full /> }.into_any());
    let copied = |value: Option<String>, label| match value {
        Some(value) => view! { <Copy value=value label=label inline=true /> }.into_any(),
        None => view! { <Dash /> }.into_any(),
    };
    let digest = copied(row.digest.as_deref().map(words::hex), tr!(in lang, "transfers.digest"));
    let hash = copied(row.hash.as_deref().map(words::hex), tr!(in lang, "transfers.hash"));
    let place = match row.seq {
        Some(seq) => tr!(in lang, "transfers.place_of", n = v.count(seq)),
        None => tr!(in lang, "transfers.place_none"),
    };
    let direction = words::direction_word(lang, ctx.org, &row.direction);
    let basis = words::basis_text(lang, &row.basis, row.notice_version.as_deref());
    let (classes, channel) = (words::classes_text(lang, &row.classes), words::channel_word(lang, &row.channel));
    let consent = id_or_dash(row.consent_id.map(|id| id.to_string()));
    let (at, frozen_at, records) = (row.at, row.frozen_at, v.count(row.records));
    let actor = or_dash(row.actor_label);
    let (tenant, operator, reference, id) = (row.tenant_name, row.operator_name, row.reference, row.id.to_string());
    let body = view! {
        <PageHead title=title.clone() crumbs=crumbs />
        <Card title=tr!(in lang, "transfers.what")>
            <Kv>
                <KvRow label=tr!(in lang, "transfers.at")><Time at=at style=TimeStyle::Full /></KvRow>
                <KvRow label=tr!(in lang, "transfers.direction")>{direction}</KvRow>
                <KvRow label=tr!(in lang, "transfers.customer")>{tenant}</KvRow>
                <KvRow label=tr!(in lang, "transfers.operator")>{operator}</KvRow>
                <KvRow label=tr!(in lang, "transfers.class")>{classes}</KvRow>
                <KvRow label=tr!(in lang, "transfers.records")>{records}</KvRow>
                <KvRow label=tr!(in lang, "transfers.channel")>{channel}</KvRow>
                <KvRow label=tr!(in lang, "transfers.state")><Badge tone=tone text=state /></KvRow>
                <KvRow label=tr!(in lang, "transfers.period")>{period.unwrap_or_else(|| view! { <Dash /> }.into_any())}</KvRow>
                <KvRow label=tr!(in lang, "transfers.ref")><span class="id">{reference}</span></KvRow>
                <KvRow label=tr!(in lang, "transfers.actor")>{actor}</KvRow>
            </Kv>
        </Card>
        <Card title=tr!(in lang, "transfers.ground")>
            <Kv>
                <KvRow label=tr!(in lang, "transfers.basis")>{basis}</KvRow>
                <KvRow label=tr!(in lang, "transfers.consent_id")>{consent}</KvRow>
            </Kv>
        </Card>
        <Card title=tr!(in lang, "transfers.proof")>
            <Kv>
                <KvRow label=tr!(in lang, "transfers.digest")>{digest}</KvRow>
                <KvRow label=tr!(in lang, "transfers.place")>{place}</KvRow>
                <KvRow label=tr!(in lang, "transfers.hash")>{hash}</KvRow>
                <KvRow label=tr!(in lang, "transfers.frozen")><Time at=frozen_at style=TimeStyle::Full /></KvRow>
                <KvRow label=tr!(in lang, "transfers.entry_id")><span class="id">{id}</span></KvRow>
            </Kv>
        </Card>
    };
    Ok(Page::new(title, body))
}

fn id_or_dash(id: Option<String>) -> AnyView {
    match id {
        Some(id) => view! { <span class="id">{id}</span> }.into_any(),
        None => view! { <Dash /> }.into_any(),
    }
}

fn or_dash(text: Option<String>) -> AnyView {
    match text {
        Some(text) => text.into_any(),
        None => view! { <Dash /> }.into_any(),
    }
}

/// `…/register/verify`: recomputes the chain now and says what it found.
///
/// # Errors
/// 401 for a visitor, 403 without `register:read`.
pub async fn verify_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let (verdict, at) = actions::verify(&req.store, ctx).await?;
    let typed = (req.query.get("entry").and_then(entry_number), req.query.get("head").and_then(head_hash));
    let kept = match typed.clone() {
        (Some(seq), Some(head)) => Some(actions::kept(&req.store, ctx, &ChainHead { seq, head }).await?),
        _ => None,
    };
    let v = viewer();
    let lang = v.lang;
    let list = req.path.rsplit_once('/').map_or("", |(list, _)| list).to_owned();
    let crumbs = vec![Crumb::link(list.clone(), tr!(in lang, "transfers.title")), Crumb::here(tr!(in lang, "transfers.verify"))];
    let entry_href = list.clone();
    let body = view! {
        <PageHead title=tr!(in lang, "transfers.verify_title") purpose=tr!(in lang, "transfers.verify_purpose") crumbs=crumbs>
            <ButtonLink href=list>{tr!(in lang, "transfers.back")}</ButtonLink>
        </PageHead>
        {verdict_view(&v, &verdict, at, |id| Some(format!("{entry_href}/{id}")))}
        {kept_card(lang, &req, &typed, kept)}
    };
    Ok(Page::new(tr!(in lang, "transfers.verify_title"), body))
}

/// A number as a person types it or takes it from the page, with or without the marks between thousands.
fn entry_number(typed: &str) -> Option<i64> {
    let digits: String = typed.chars().filter(|sign| !matches!(sign, '.' | ',') && !sign.is_whitespace()).collect();
    digits.parse::<i64>().ok().filter(|seq| *seq >= 0)
}

/// 64 hex digits; anything else is no head.
fn head_hash(typed: &str) -> Option<String> {
    let head = typed.trim().to_ascii_lowercase();
    (head.len() == 64 && head.bytes().all(|sign| sign.is_ascii_hexdigit())).then_some(head)
}

/// The head as a file, and the question whether one that was kept still fits. `typed`: what of the question could be read.
fn kept_card(lang: Lang, req: &PageRequest, typed: &(Option<i64>, Option<String>), kept: Option<Kept>) -> AnyView {
    let answer = kept.map(|kept| {
        let (tone, title) = match kept {
            Kept::Holds => (Tone::Ok, tr!(in lang, "transfers.kept.holds")),
            Kept::Differs => (Tone::Danger, tr!(in lang, "transfers.kept.differs")),
            Kept::NotThere => (Tone::Neutral, tr!(in lang, "transfers.kept.not_there")),
        };
        view! { <Band tone=tone title=title /> }
    });
    let held = |key: &str| req.query.get(key).map(str::to_owned);
    let (entry, hash) = (held("entry"), held("head"));
    let asked = entry.is_some() || hash.is_some();
    let entry_wrong = (asked && typed.0.is_none()).then(|| tr!(in lang, "transfers.kept.entry_wrong"));
    let head_wrong = (asked && typed.1.is_none()).then(|| tr!(in lang, "transfers.kept.head_wrong"));
    let action = req.path.clone();
    let file = format!("{}/head.csv", req.path.rsplit_once('/').map_or("", |(list, _)| list));
    view! {
        <Card title=tr!(in lang, "transfers.kept.title")>
            {answer}
            <form action=action method="get" class="filters">
                <TextInput
                    name="entry"
                    label=tr!(in lang, "transfers.kept.entry")
                    value=entry
                    inputmode="numeric"
                    maxlength="26"
                    error=entry_wrong
                />
                <TextInput name="head" label=tr!(in lang, "transfers.kept.head") value=hash maxlength="70" error=head_wrong />
                <Button>{tr!(in lang, "transfers.kept.check")}</Button>
            </form>
            <ButtonLink href=file>{tr!(in lang, "transfers.kept.file")}</ButtonLink>
        </Card>
    }
    .into_any()
}

/// What a verification found: whole or not, up to where, and each fault. `href` leads to an entry where it has a page.
pub fn verdict_view(
    v: &Viewer,
    verdict: &ChainVerdict,
    at: chrono::DateTime<chrono::Utc>,
    href: impl Fn(Uuid) -> Option<String>,
) -> AnyView {
    let lang = v.lang;
    let (tone, title, text) = if verdict.ok() {
        let title = trn!(in lang, "transfers.whole", verdict.entries);
        (Tone::Ok, title, tr!(in lang, "transfers.whole_text", at = v.time(at, TimeStyle::Full)))
    } else {
        let title = trn!(in lang, "transfers.broken", verdict.problems.len());
        (Tone::Danger, title, tr!(in lang, "transfers.broken_text", at = v.time(at, TimeStyle::Full)))
    };
    let faults = verdict
        .problems
        .iter()
        .map(|(id, fault)| {
            let what = match fault {
                ChainFault::Changed => tr!(in lang, "transfers.fault.changed"),
                ChainFault::Missing => tr!(in lang, "transfers.fault.missing"),
                ChainFault::Reordered => tr!(in lang, "transfers.fault.reordered"),
            };
            let name = match id {
                Some(id) => match href(*id).filter(|_| *fault != ChainFault::Missing) {
                    Some(href) => view! { <a class="id" href=href>{id.to_string()}</a> }.into_any(),
                    None => view! { <span class="id">{id.to_string()}</span> }.into_any(),
                },
                None => tr!(in lang, "transfers.fault.unnamed").into_any(),
            };
            view! { <li>{name}": "{what}</li> }
        })
        .collect_view();
    let list = (!verdict.ok()).then(|| {
        view! {
            <Card title=tr!(in lang, "transfers.faults")>
                <ul class="bullets">{faults}</ul>
            </Card>
        }
    });
    let (sealed_to, erased, expired) = (v.count(verdict.sealed_to), v.count(verdict.erased), v.count(verdict.expired));
    let head = verdict.head.clone();
    view! {
        <Band tone=tone title=title text=text />
        {list}
        <Card title=tr!(in lang, "transfers.head_title") foot=view! { <span>{tr!(in lang, "transfers.head_note")}</span> }.into_any()>
            <Kv>
                <KvRow label=tr!(in lang, "transfers.sealed_to")>{sealed_to}</KvRow>
                <KvRow label=tr!(in lang, "transfers.head")>
                    <Copy value=head label=tr!(in lang, "transfers.head") inline=true />
                </KvRow>
                <KvRow label=tr!(in lang, "transfers.erased")>{erased}</KvRow>
                <KvRow label=tr!(in lang, "transfers.expired")>{expired}</KvRow>
            </Kv>
        </Card>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_head_is_read_as_people_write_it_and_nothing_else_is_one() {
        for typed in ["1204", "1,204", "1.204", " 1 204 "] {
            assert_eq!(entry_number(typed), Some(1_204), "{typed}");
        }
        for typed in ["", "-3", "twelve", "99999999999999999999"] {
            assert_eq!(entry_number(typed), None, "{typed}");
        }
        let head = "0A".repeat(32);
        assert_eq!(head_hash(&format!(" {head}\n")), Some(head.to_ascii_lowercase()));
        for typed in [&head[1..], &head.replace('A', "g"), "", &format!("{head}0")] {
            assert_eq!(head_hash(typed), None, "{typed}");
        }
    }
}
