//! The platform's notice texts: `/p/notices`, one version, the next one as a form and as it will be read.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::forms_notices::DropNoticeDraft;
use super::forms_notices::PublishNotice;
use super::forms_notices::SaveNoticeDraft;
use super::model::Notice;
use super::notice_diff;
use super::pages_accept::diff_view;
use super::queries_notices::DraftRow;
use super::queries_notices::VersionRow;
use super::setup_notices;
use super::words;
use crate::base::Failure;
use crate::base::Scope;
use crate::identity::PageRequest;
use crate::tr;
use crate::trn;
use crate::ui::ActionButton;
use crate::ui::Band;
use crate::ui::Button;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Col;
use crate::ui::Cols;
use crate::ui::Copy;
use crate::ui::Crumb;
use crate::ui::Empty;
use crate::ui::Grid;
use crate::ui::Icon;
use crate::ui::Kind;
use crate::ui::Kv;
use crate::ui::KvRow;
use crate::ui::Lang;
use crate::ui::List;
use crate::ui::ListHead;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Rows;
use crate::ui::Size;
use crate::ui::Table;
use crate::ui::Text;
use crate::ui::TextInput;
use crate::ui::Textarea;
use crate::ui::Time;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::viewer;

const LIST: &str = "/p/notices";

fn language_name(code: &str) -> Text {
    Lang::from_code(code).map_or_else(|| code.to_owned().into(), |lang| lang.own_name().into())
}

/// `/p/notices`: every version, who stands on which, and the draft of the next.
///
/// # Errors
/// 401 for a visitor, 403 without `platform:directory`.
pub async fn notices_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let (versions, draft) = setup_notices::overview(&req.store, ctx).await?;
    let v = viewer();
    let lang = v.lang;
    let may = ctx.scopes.has(Scope::PlatformAdmin);
    let new = (may && draft.is_empty()).then(|| {
        view! { <ButtonLink href="/p/notices/new" kind=Kind::Primary icon=Icon::Plus>{tr!(in lang, "consent.notices.new")}</ButtonLink> }
    });
    let waiting = draft.first().map(|draft| draft_band(lang, draft, may));
    let body = view! {
        <PageHead title=tr!(in lang, "consent.notices") purpose=tr!(in lang, "consent.notices.purpose")>{new}</PageHead>
        {waiting}
        {version_list(&v, &versions)}
    };
    Ok(Page::new(tr!(in lang, "consent.notices"), body))
}

fn draft_band(lang: Lang, draft: &DraftRow, may: bool) -> AnyView {
    let title = tr!(in lang, "consent.notices.draft_of", version = draft.version);
    let text = tr!(in lang, "consent.notices.draft_by", name = draft.saved_by);
    let action = may.then(
        || view! { <ButtonLink href="/p/notices/draft" size=Size::Small>{tr!(in lang, "consent.notices.preview")}</ButtonLink> },
    );
    view! { <Band tone=Tone::Info title=title text=text>{action}</Band> }.into_any()
}

fn version_list(v: &Viewer, versions: &[VersionRow]) -> AnyView {
    let lang = v.lang;
    if versions.is_empty() {
        return view! {
            <Card flush=true>
                <Empty title=tr!(in lang, "consent.notices.none") text=tr!(in lang, "consent.notices.none_text") />
            </Card>
        }
        .into_any();
    }
    let cols = vec![
        Col::new(tr!(in lang, "consent.notices.version")),
        Col::new(tr!(in lang, "consent.notices.state")),
        Col::new(tr!(in lang, "consent.notices.languages")).mid(),
        Col::new(tr!(in lang, "consent.notices.standing")).num(),
        Col::new(tr!(in lang, "consent.notices.accepted")).num().mid(),
        Col::new(tr!(in lang, "consent.notices.since", zone = v.zone())).nowrap().mid(),
        Col::new(tr!(in lang, "consent.notices.by")).low(),
    ];
    let mut rows = Rows::new(v, &cols);
    for (place, row) in versions.iter().enumerate() {
        let (tone, state) = if place == 0 {
            (Tone::Ok, tr!(in lang, "consent.notices.in_force"))
        } else if row.standing > 0 {
            (Tone::Warn, tr!(in lang, "consent.notices.still_standing"))
        } else {
            (Tone::Neutral, tr!(in lang, "consent.notices.past"))
        };
        let languages: Vec<Text> = row.languages.iter().map(|code| language_name(code)).collect();
        rows.row();
        rows.cell().row_link(&format!("{LIST}/{}", row.version), &row.version);
        rows.cell().badge(tone, &state);
        rows.cell().text(&languages.join(", "));
        rows.cell().count(row.standing);
        rows.cell().count(row.accepted);
        rows.cell().time(row.published_at, TimeStyle::Minute);
        let by = row.published_by.clone().unwrap_or_else(|| tr!(in lang, "consent.notices.program").into_owned());
        rows.cell().text(&by);
    }
    let count = versions.len();
    view! {
        <List>
            <ListHead text=trn!(in lang, "consent.notices.count", count) />
            <Table label=tr!(in lang, "consent.notices") cols=cols page_head=true>{rows.finish()}</Table>
        </List>
    }
    .into_any()
}

fn crumbs(lang: Lang, here: Text) -> Vec<Crumb> {
    vec![Crumb::link(LIST, tr!(in lang, "consent.notices")), Crumb::here(here)]
}

/// `/p/notices/{version}`: one version as tenants read it, and what it changed.
///
/// # Errors
/// 401 for a visitor, 403 without `platform:directory`, 404 for a version that is not published.
pub async fn notice_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let (texts, before) = setup_notices::version(&req.store, ctx, req.param("version")).await?;
    let v = viewer();
    let lang = v.lang;
    let title = tr!(in lang, "consent.text_version", version = req.param("version"));
    let sheets = texts.iter().map(|text| sheet(lang, text)).collect_view();
    let news = texts.iter().filter_map(|text| news(lang, &before, &text.language, &text.body)).collect_view();
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in lang, "consent.notices.version_purpose") crumbs=crumbs(lang, title.clone()) />
        <Grid cols=Cols::Two>{sheets}</Grid>
        {news}
    };
    Ok(Page::new(title, body))
}

fn sheet(lang: Lang, text: &Notice) -> AnyView {
    let at = text.published_at;
    let foot =
        view! { <span class="fine">{tr!(in lang, "consent.in_force")}" "<Time at=at style=TimeStyle::Full /></span> }.into_any();
    reading(lang, &text.language, &text.title, &text.body, &words::hex(&text.sha256), foot)
}

fn reading(lang: Lang, language: &str, title: &str, body: &str, sha256: &str, foot: AnyView) -> AnyView {
    let name = language_name(language);
    let label = name.clone();
    let paragraphs = notice_diff::paragraphs(body).into_iter().map(|text| view! { <p>{text.to_owned()}</p> }).collect_view();
    let (language, heading, sha256) = (language.to_owned(), title.to_owned(), sha256.to_owned());
    view! {
        <Card title=name foot=foot>
            <div class="notice-text prose" tabindex="0" role="region" aria-label=label lang=language>
                <p><b>{heading}</b></p>
                {paragraphs}
            </div>
            <Kv>
                <KvRow label="SHA-256"><Copy value=sha256 label=tr!(in lang, "consent.sha256") inline=true /></KvRow>
            </Kv>
        </Card>
    }
    .into_any()
}

/// What a text says otherwise than the version before it in the same language.
fn news(lang: Lang, before: &[Notice], language: &str, body: &str) -> Option<AnyView> {
    let old = before.iter().find(|text| text.language == language)?;
    let parts = notice_diff::compare(&old.body, body);
    let (added, removed) = notice_diff::counts(&parts);
    let title = format!("{}: {}", language_name(language), tr!(in lang, "consent.news", version = old.version));
    let counts = tr!(in lang, "consent.news_counts", added = added, removed = removed);
    let code = language.to_owned();
    Some(
        view! {
            <Card title=title>
                <p class="fine">{counts}</p>
                <div lang=code>{diff_view(lang, &parts)}</div>
            </Card>
        }
        .into_any(),
    )
}

/// `/p/notices/new`: the next version as a form, begun from the draft or from the text in force.
///
/// # Errors
/// 401 for a visitor, 403 without `platform:admin`.
pub async fn new_notice_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let (draft, newest) = setup_notices::draft(&req.store, ctx).await?;
    let lang = viewer().lang;
    let title = tr!(in lang, "consent.notices.new");
    let version = req.typed("version").map(str::to_owned).or_else(|| draft.first().map(|row| row.version.clone()));
    let fields = ["en", "de"].map(|code| text_card(lang, &req, code, &draft, &newest));
    let fields = Vec::from(fields);
    let version_wrong = req.wrong("version");
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in lang, "consent.notices.new_purpose") crumbs=crumbs(lang, title.clone()) />
        <form class="stack" action=SaveNoticeDraft::url() method="post">
            <Card title=tr!(in lang, "consent.notices.version")>
                <div class="fields">
                    <TextInput
                        name="version"
                        label=tr!(in lang, "consent.notices.version")
                        hint=tr!(in lang, "consent.notices.version_hint")
                        value=version
                        maxlength="20"
                        required=true
                        error=version_wrong
                    />
                </div>
            </Card>
            <Grid cols=Cols::Two>{fields}</Grid>
            <div class="cluster">
                <Button kind=Kind::Primary>{tr!(in lang, "consent.notices.save_preview")}</Button>
                <ButtonLink href=LIST kind=Kind::Quiet>{tr!(in lang, "consent.notices.back")}</ButtonLink>
            </div>
        </form>
    };
    Ok(Page::new(title, body))
}

fn text_card(lang: Lang, req: &PageRequest, code: &'static str, draft: &[DraftRow], newest: &[Notice]) -> AnyView {
    let (title_name, body_name) = (format!("title_{code}"), format!("body_{code}"));
    let kept = draft.iter().find(|row| row.language == code).map(|row| (row.title.clone(), row.body.clone()));
    let in_force = || newest.iter().find(|text| text.language == code).map(|text| (text.title.clone(), text.body.clone()));
    let (title, body) = kept.or_else(in_force).unwrap_or_default();
    let title = req.typed(&title_name).map_or(title, str::to_owned);
    let body = req.typed(&body_name).map_or(body, str::to_owned);
    let (title_wrong, body_wrong) = (req.wrong(&title_name), req.wrong(&body_name));
    view! {
        <Card title=language_name(code)>
            <div class="fields">
                <TextInput
                    name=title_name
                    label=tr!(in lang, "consent.notices.title")
                    value=title
                    maxlength="200"
                    required=true
                    error=title_wrong
                />
                <Textarea
                    name=body_name
                    label=tr!(in lang, "consent.notices.body")
                    hint=tr!(in lang, "consent.notices.body_hint")
                    value=body
                    rows=24
                    maxlength="40000"
                    required=true
                    error=body_wrong
                />
            </div>
        </Card>
    }
    .into_any()
}

/// `/p/notices/draft`: the next version as tenants will read it, with what it changes, and the button that publishes it.
///
/// # Errors
/// 401 for a visitor, 403 without `platform:admin`.
pub async fn draft_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let (draft, newest) = setup_notices::draft(&req.store, ctx).await?;
    let lang = viewer().lang;
    let title = tr!(in lang, "consent.notices.preview");
    let Some(first) = draft.first() else {
        let (none, text) = (tr!(in lang, "consent.notices.no_draft"), tr!(in lang, "consent.notices.no_draft_text"));
        let body = view! {
            <PageHead title=title.clone() crumbs=crumbs(lang, title.clone()) />
            <Card flush=true>
                <Empty title=none text=text>
                    <ButtonLink href="/p/notices/new" kind=Kind::Primary>{tr!(in lang, "consent.notices.new")}</ButtonLink>
                </Empty>
            </Card>
        };
        return Ok(Page::new(title, body));
    };
    let shown = setup_notices::digest_of(&draft);
    let saved_at = first.saved_at;
    let sheets = draft.iter().map(|row| draft_sheet(lang, row)).collect_view();
    let news = draft.iter().filter_map(|row| news(lang, &newest, &row.language, &row.body)).collect_view();
    let purpose = tr!(in lang, "consent.notices.draft_of", version = first.version);
    let saved = tr!(in lang, "consent.notices.draft_by", name = first.saved_by);
    let fields: Vec<(Text, Text)> = vec![("shown".into(), shown.into())];
    let body = view! {
        <PageHead title=title.clone() purpose=purpose crumbs=crumbs(lang, title.clone()) />
        <Grid cols=Cols::Two>{sheets}</Grid>
        {news}
        <Card title=tr!(in lang, "consent.notices.publish")>
            <p>{tr!(in lang, "consent.notices.publish_text")}</p>
            <p class="fine">{saved}" "<Time at=saved_at style=TimeStyle::Full /></p>
            <div class="cluster">
                <ActionButton action=PublishNotice::url() fields=fields kind=Kind::Primary>
                    {tr!(in lang, "consent.notices.publish")}
                </ActionButton>
                <ButtonLink href="/p/notices/new">{tr!(in lang, "consent.notices.edit")}</ButtonLink>
                <ActionButton action=DropNoticeDraft::url() kind=Kind::Danger>{tr!(in lang, "consent.notices.drop")}</ActionButton>
            </div>
        </Card>
    };
    Ok(Page::new(title, body))
}

fn draft_sheet(lang: Lang, row: &DraftRow) -> AnyView {
    use sha2::Digest as _;
    let sha256 = words::hex(&sha2::Sha256::digest(row.body.as_bytes()));
    let foot = view! { <span class="fine">{tr!(in lang, "consent.notices.not_published")}</span> }.into_any();
    reading(lang, &row.language, &row.title, &row.body, &sha256, foot)
}
