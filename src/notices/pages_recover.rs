//! Sending past events once more: from where, how many that would be, and the button that does it.

use chrono::DateTime;
use chrono::NaiveDateTime;
use chrono::TimeDelta;
use chrono::TimeZone as _;
use chrono::Utc;
use chrono_tz::Tz;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::EndpointState;
use super::RecoverIn;
use super::Recovered;
use super::actions_recover;
use super::forms::RecoverEvents;
use super::pages_endpoint_forms::crumbs;
use super::pages_endpoint_forms::found;
use super::pages_parts::Paths;
use super::pages_parts::endpoint_name;
use super::pages_parts::kind_options;
use super::queries_pages_health::EndpointHealth;
use crate::base::EndpointId;
use crate::base::Failure;
use crate::identity::PageRequest;
use crate::tr;
use crate::trn;
use crate::ui::ActionButton;
use crate::ui::Band;
use crate::ui::Button;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Choice;
use crate::ui::Icon;
use crate::ui::Kind;
use crate::ui::Lang;
use crate::ui::Opt;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Query;
use crate::ui::Select;
use crate::ui::Text;
use crate::ui::TextInput;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::count;
use crate::ui::viewer;

/// What the address may hold; also what comes back after a refusal.
pub(super) const KEYS: [&str; 6] = ["by", "since", "after_seq", "until", "type", "only"];

/// What was asked, as far as it can be read.
#[derive(Clone, Debug, Default)]
struct Asked {
    wanted: RecoverIn,
    since_wrong: bool,
    seq_wrong: bool,
    until_wrong: bool,
}

impl Asked {
    fn is_wrong(&self) -> bool {
        self.since_wrong || self.seq_wrong || self.until_wrong
    }
}

/// Reads the address; `None` before anything was asked. What has no end ends now, so that the count stays what it is.
fn asked(query: &Query, zone: Tz, now: DateTime<Utc>) -> Option<Asked> {
    let by_seq = match query.get("by")? {
        "seq" => true,
        "time" => false,
        _ => return None,
    };
    let local = |key: &str| query.get(key).map(|text| moment(text, zone));
    let (since, seq) = (local("since"), query.get("after_seq").map(|text| text.trim().parse::<i64>().ok().filter(|seq| *seq >= 0)));
    let until = local("until");
    let wanted = RecoverIn {
        since: since.flatten().filter(|_| !by_seq),
        after_seq: seq.flatten().filter(|_| by_seq),
        until: until.unwrap_or(Some(now)),
        event_types: query.get("type").map(str::to_owned).into_iter().collect(),
        only: query.get("only").map(str::to_owned),
        dry_run: true,
        at_most: None,
    };
    Some(Asked {
        since_wrong: !by_seq && wanted.since.is_none(),
        seq_wrong: by_seq && wanted.after_seq.is_none(),
        until_wrong: until == Some(None),
        wanted,
    })
}

/// `2026-11-23T09:00` in a zone; where the clocks skip it, an hour later.
fn moment(text: &str, zone: Tz) -> Option<DateTime<Utc>> {
    let forms = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"];
    let naive = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())?;
    let found = [naive, naive.checked_add_signed(TimeDelta::hours(1))?];
    found.into_iter().find_map(|naive| zone.from_local_datetime(&naive).earliest()).map(|at| at.to_utc())
}

/// `…/endpoints/{id}/recover`: asks from where, counts, and offers to send that many.
///
/// # Errors
/// 401 for a visitor, 403 without `endpoints:write`, 404 when there is no such endpoint of this operator, 422 for a kind that is
/// none.
pub async fn recover_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let one = found(&req, ctx).await?;
    let v = viewer();
    let lang = v.lang;
    let asked = asked(&req.query, v.time_zone, ctx.now());
    let counted = match &asked {
        Some(asked) if !asked.is_wrong() => {
            Some(actions_recover::recover_endpoint(&req.store, ctx, EndpointId(one.id), asked.wanted.clone()).await?)
        }
        _ => None,
    };
    let paths = Paths::of(&req);
    let title = tr!(in lang, "notices.recover.title", name = endpoint_name(&one.url, &one.description));
    let crumbs = crumbs(lang, &paths, Some(&one), tr!(in lang, "notices.recover.here"));
    let result = asked.as_ref().zip(counted).map(|(asked, counted)| result(&v, &paths, &one, &req.query, asked, &counted));
    let form = form(lang, &paths, &one, &req.query, &asked.unwrap_or_default());
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in lang, "notices.recover.purpose") crumbs=crumbs />
        {result}
        {form}
    };
    Ok(Page::new(title, body))
}

fn result(v: &Viewer, paths: &Paths, one: &EndpointHealth, query: &Query, asked: &Asked, counted: &Recovered) -> AnyView {
    let lang = v.lang;
    let (Some(first), Some(last)) = (counted.first_seq, counted.last_seq) else {
        return view! {
            <Band tone=Tone::Neutral title=tr!(in lang, "notices.recover.nothing") text=tr!(in lang, "notices.recover.nothing_text") />
        }
        .into_any();
    };
    let text = tr!(in lang, "notices.recover.range", first = count(lang, first), last = count(lang, last));
    let why = match one.state {
        EndpointState::Unverified => Some(tr!(in lang, "notices.why.unverified")),
        EndpointState::Disabled(_) => Some(tr!(in lang, "notices.why.disabled")),
        EndpointState::Active | EndpointState::Paused(_) => None,
    };
    let waits = matches!(one.state, EndpointState::Paused(_))
        .then(|| view! { <p class="band-text">{tr!(in lang, "notices.recover.paused")}</p> }.into_any());
    let wanted = &asked.wanted;
    let time = |at: Option<DateTime<Utc>>| at.map(|at| at.to_rfc3339()).unwrap_or_default();
    let fields: Vec<(Text, Text)> = [
        ("slug", paths.slug().to_owned()),
        ("id", one.id.to_string()),
        ("since", time(wanted.since)),
        ("after_seq", wanted.after_seq.map(|seq| seq.to_string()).unwrap_or_default()),
        ("until", time(wanted.until)),
        ("kind", wanted.event_types.first().cloned().unwrap_or_default()),
        ("only", wanted.only.clone().unwrap_or_default()),
        ("at_most", counted.count.to_string()),
        ("asked", query.only(&KEYS).encode()),
    ]
    .into_iter()
    .map(|(name, value)| (name.into(), value.into()))
    .collect();
    let blocked = why.map(Text::into_owned);
    let word = tr!(in lang, "notices.recover.run", n = count(lang, counted.count));
    let title = trn!(in lang, "notices.recover.would", counted.count);
    view! {
        <Band tone=Tone::Info title=title text=text body=waits.unwrap_or_else(|| ().into_any())>
            <ActionButton action=RecoverEvents::url() fields=fields kind=Kind::Primary icon=Icon::Send blocked=blocked>
                {word}
            </ActionButton>
        </Band>
    }
    .into_any()
}

fn form(lang: Lang, paths: &Paths, one: &EndpointHealth, query: &Query, asked: &Asked) -> AnyView {
    let held = |key: &str| query.get(key).map(str::to_owned);
    let by = vec![
        Opt::new("time", tr!(in lang, "notices.recover.by_time")).hint(tr!(in lang, "notices.recover.by_time_hint")),
        Opt::new("seq", tr!(in lang, "notices.recover.by_seq")).hint(tr!(in lang, "notices.recover.by_seq_hint")),
    ];
    let only = vec![
        Opt::new("undelivered", tr!(in lang, "notices.recover.undelivered")).hint(tr!(in lang, "notices.recover.undelivered_hint")),
        Opt::new("all", tr!(in lang, "notices.recover.all")).hint(tr!(in lang, "notices.recover.all_hint")),
    ];
    let [since, after_seq, until, kind] = ["since", "after_seq", "until", "type"].map(held);
    let kinds = kind_options(lang, true);
    let picked_by = held("by").unwrap_or_else(|| "time".to_owned());
    let picked_only = held("only").unwrap_or_else(|| "undelivered".to_owned());
    let since_wrong = asked.since_wrong.then(|| tr!(in lang, "notices.recover.since_wrong"));
    let seq_wrong = asked.seq_wrong.then(|| tr!(in lang, "notices.recover.seq_wrong"));
    let until_wrong = asked.until_wrong.then(|| tr!(in lang, "notices.recover.since_wrong"));
    let foot = view! {
        <Button kind=Kind::Plain icon=Icon::Search>{tr!(in lang, "notices.recover.dry_run")}</Button>
        <ButtonLink href=paths.endpoint(one.id) kind=Kind::Quiet>{tr!(in lang, "notices.cancel")}</ButtonLink>
    }
    .into_any();
    view! {
        <form action=paths.recover(one.id) method="get">
            <Card foot=foot>
                <div class="fields">
                    <Choice name="by" legend=tr!(in lang, "notices.recover.by") options=by value=picked_by />
                    <TextInput
                        kind="datetime-local"
                        name="since"
                        label=tr!(in lang, "notices.recover.since")
                        value=since
                        error=since_wrong
                    />
                    <TextInput
                        kind="number"
                        inputmode="numeric"
                        name="after_seq"
                        label=tr!(in lang, "notices.recover.after_seq")
                        value=after_seq
                        hint=tr!(in lang, "notices.recover.after_seq_hint")
                        error=seq_wrong
                    />
                    <TextInput
                        kind="datetime-local"
                        name="until"
                        label=tr!(in lang, "notices.recover.until")
                        value=until
                        hint=tr!(in lang, "notices.recover.until_hint")
                        error=until_wrong
                    />
                    <Select
                        name="type"
                        label=tr!(in lang, "notices.field.kinds")
                        options=kinds
                        any=tr!(in lang, "notices.all_kinds")
                        value=kind
                    />
                    <Choice name="only" legend=tr!(in lang, "notices.recover.only") options=only value=picked_only />
                </div>
            </Card>
        </form>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BERLIN: Tz = chrono_tz::Europe::Berlin;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000, 0).expect("a time")
    }

    #[test]
    fn a_moment_is_read_in_the_zone() {
        let read = |text| moment(text, BERLIN).map(|at| at.to_rfc3339());
        assert_eq!(read("2026-11-23T09:00").as_deref(), Some("2026-11-23T08:00:00+00:00"));
        assert_eq!(read("2026-07-01T09:00:30").as_deref(), Some("2026-07-01T07:00:30+00:00"));
        assert_eq!(read("2026-03-29T02:30").as_deref(), Some("2026-03-29T01:30:00+00:00"), "skipped by the clocks");
        assert_eq!(read("2026-10-25T02:30").as_deref(), Some("2026-10-25T00:30:00+00:00"), "the first of the two");
        for text in ["", "yesterday", "2026-11-23", "2026-13-01T00:00"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn the_address_says_from_where() {
        let ask = |text: &str| asked(&Query::parse(text), BERLIN, now());
        assert!(ask("").is_none() && ask("by=nonsense&after_seq=1").is_none());
        let by_seq = ask("by=seq&after_seq=12&since=2026-11-23T09:00&only=all").expect("asked");
        assert_eq!((by_seq.wanted.after_seq, by_seq.wanted.since, by_seq.is_wrong()), (Some(12), None, false));
        assert_eq!(by_seq.wanted.until, Some(now()), "what has no end ends now");
        let by_time = ask("by=time&after_seq=12&since=2026-11-23T09:00&until=2026-11-23T10:00").expect("asked");
        assert_eq!((by_time.wanted.after_seq, by_time.wanted.since.is_some(), by_time.is_wrong()), (None, true, false));
        assert!(ask("by=time").expect("asked").since_wrong);
        assert!(ask("by=seq&after_seq=-1").expect("asked").seq_wrong);
        assert!(ask("by=seq&after_seq=1&until=soon").expect("asked").until_wrong);
    }
}
