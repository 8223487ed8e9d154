//! `/t/{slug}/change-sets/{id}`: what the check says, the run, what came of it, the way back.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::forms_sets::CheckSet;
use super::forms_sets::DropSet;
use super::forms_sets::RunSet;
use super::forms_sets::UndoSet;
use super::islands_sets::SetProgress;
use super::model_sets::SetAction;
use super::pages_sets;
use super::pages_sets::title_of;
use super::pages_sets_new::address;
use super::pages_sets_new::steps;
use super::queries_sets::ChangeSet;
use super::queries_sets_rows::SetRow;
use super::sets;
use crate::base::E164;
use crate::base::Failure;
use crate::base::Scope;
use crate::identity::PageRequest;
use crate::identity::id_param;
use crate::tr;
use crate::trn;
use crate::ui::ActionButton;
use crate::ui::Badge;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::ChipLinks;
use crate::ui::Col;
use crate::ui::Crumb;
use crate::ui::Empty;
use crate::ui::Icon;
use crate::ui::Kind;
use crate::ui::Lang;
use crate::ui::List;
use crate::ui::ListHead;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Pager;
use crate::ui::Rows;
use crate::ui::Size;
use crate::ui::Table;
use crate::ui::Text;
use crate::ui::Tile;
use crate::ui::Tiles;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::viewer;

/// Rows shown at once.
const ROWS: i64 = 100;

/// `/t/{slug}/change-sets/{id}`.
///
/// # Errors
/// 401, 403 without `tenant:read`, 404.
pub async fn change_set_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    ctx.require(Scope::TenantRead)?;
    let id = id_param(req.param("id"), "change set")?;
    let set = sets::find(&req.store, ctx, id).await?;
    let verdict = req.query.get("verdict").filter(|word| matches!(*word, "fine" | "note" | "refused" | "kept"));
    let after: i32 = req.query.get("after").and_then(|row| row.parse().ok()).unwrap_or(0);
    let rows = sets::rows_of(&req.store, ctx, id, verdict, after, ROWS + 1).await?;
    let v = viewer();
    let lang = v.lang;
    let view = SetView {
        v: &v,
        req: &req,
        set: &set,
        path: format!("/t/{}/change-sets/{id}", req.slug()),
        may: ctx.scopes.has(Scope::TenantAssign),
    };
    let title = title_of(lang, &set);
    let list = format!("/t/{}/change-sets", req.slug());
    let crumbs = vec![Crumb::link(list, tr!(in lang, "numbers.sets.title")), Crumb::here(title.clone())];
    let at = v.time(set.run_at.unwrap_or(set.created_at), TimeStyle::Short);
    let purpose =
        tr!(in lang, "numbers.sets.made", what = pages_sets::action(lang, &set.action), at = at, by = set.actor_label.clone());
    let step = match set.state.as_str() {
        "draft" | "checked" => 1,
        "running" => 2,
        _ => 3,
    };
    let (head, tiles, work, list) = (view.head_actions(), view.tiles(), view.work(), view.list(rows, verdict, after));
    let body = view! {
        <PageHead title=title.clone() purpose=purpose crumbs=crumbs>
            {head}
        </PageHead>
        {steps(lang, step)}
        {tiles}
        {work}
        {list}
    };
    Ok(Page::new(title, body))
}

struct SetView<'a> {
    v: &'a Viewer,
    req: &'a PageRequest,
    set: &'a ChangeSet,
    path: String,
    may: bool,
}

impl SetView<'_> {
    fn fields(&self) -> Vec<(Text, Text)> {
        vec![("slug".into(), self.req.slug().to_owned().into()), ("id".into(), self.set.id.to_string().into())]
    }

    fn head_actions(&self) -> Option<AnyView> {
        let lang = self.v.lang;
        if !self.may || !matches!(self.set.state.as_str(), "draft" | "checked") {
            return None;
        }
        let action = SetAction::parse(&self.set.action).unwrap_or(SetAction::Assign);
        let corrected = address(self.req.slug(), action, self.set.filter.as_deref());
        let (check, discard) = (self.fields(), self.fields());
        let again = if self.set.filter.is_some() {
            tr!(in lang, "numbers.sets.take_anew")
        } else {
            tr!(in lang, "numbers.upload.corrected")
        };
        let view = view! {
            <ButtonLink href=corrected icon=Icon::Upload>
                {again}
            </ButtonLink>
            <ActionButton action=CheckSet::url() fields=check icon=Icon::Refresh>
                {tr!(in lang, "numbers.sets.check_again")}
            </ActionButton>
            <ActionButton action=DropSet::url() fields=discard kind=Kind::Danger>
                {tr!(in lang, "numbers.sets.drop")}
            </ActionButton>
        };
        Some(view.into_any())
    }

    fn tiles(&self) -> AnyView {
        let (v, set) = (self.v, self.set);
        let lang = v.lang;
        let n = |n: i32| v.count(n.into());
        let (all, done, refused) = (n(set.rows), n(set.done), n(set.refused));
        let source = match set.source.as_str() {
            "paste" => tr!(in lang, "numbers.sets.source.paste"),
            "file" => tr!(in lang, "numbers.sets.source.file"),
            "filter" => tr!(in lang, "numbers.sets.source.filter"),
            _ => tr!(in lang, "numbers.sets.source.api"),
        };
        if matches!(set.state.as_str(), "draft" | "checked") {
            let (fine, noted) = (n(set.fine), n(set.noted));
            return view! {
                <Tiles>
                    <Tile label=tr!(in lang, "numbers.order.rows") value=all>
                        <span>{source}</span>
                    </Tile>
                    <Tile label=tr!(in lang, "numbers.check.fine") value=fine>
                        <Badge tone=Tone::Ok text=tr!(in lang, "numbers.upload.will_run") />
                    </Tile>
                    <Tile label=tr!(in lang, "numbers.sets.fine_noted") value=noted>
                        <Badge tone=Tone::Warn text=tr!(in lang, "numbers.upload.will_run") />
                    </Tile>
                    <Tile label=tr!(in lang, "numbers.check.refused") value=refused>
                        <Badge tone=Tone::Danger text=tr!(in lang, "numbers.upload.will_not_run") />
                    </Tile>
                </Tiles>
            }
            .into_any();
        }
        let (tone, word) = pages_sets::state(lang, set);
        let undone = (set.undo_at.is_some()).then(|| {
            let (undone, kept) = (n(set.undone), n(set.kept));
            view! {
                <Tile label=tr!(in lang, "numbers.sets.undone") value=undone />
                <Tile label=tr!(in lang, "numbers.sets.kept") value=kept />
            }
        });
        view! {
            <Tiles>
                <Tile label=tr!(in lang, "numbers.order.rows") value=all>
                    <Badge tone=tone text=word />
                </Tile>
                <Tile label=tr!(in lang, "numbers.sets.done") value=done />
                <Tile label=tr!(in lang, "numbers.check.refused") value=refused />
                {undone}
            </Tiles>
        }
        .into_any()
    }

    /// What can be done now, or how far it is.
    fn work(&self) -> Option<AnyView> {
        match self.set.state.as_str() {
            "checked" if self.may => Some(self.run()),
            "running" => Some(self.progress()),
            "done" | "partial" if self.may && self.set.done > 0 => Some(self.undo()),
            _ => None,
        }
    }

    fn run(&self) -> AnyView {
        let (lang, good) = (self.v.lang, i64::from(self.set.good()));
        let left_out = trn!(in lang, "numbers.sets.left_out", i64::from(self.set.refused));
        let blocked = (good == 0).then(|| tr!(in lang, "numbers.upload.nothing").into_owned());
        let run = tr!(in lang, "numbers.sets.run", n = self.v.count(good));
        let mut fields = self.fields();
        fields.push(("expected".into(), good.to_string().into()));
        view! {
            <Card>
                <div class="cluster" data-push="">
                    <span>
                        <b>{trn!(in lang, "numbers.sets.run_ask", good)}</b>
                        " "
                        <span class="muted">{left_out}</span>
                    </span>
                    <ActionButton action=RunSet::url() fields=fields kind=Kind::Primary blocked=blocked>
                        {run}
                    </ActionButton>
                </div>
            </Card>
        }
        .into_any()
    }

    fn progress(&self) -> AnyView {
        let lang = self.v.lang;
        let (done, all) = self.set.progress();
        let (value, max) = (u32::try_from(done).unwrap_or(0), u32::try_from(all.max(1)).unwrap_or(1));
        let text = pages_sets::how_far(self.v, self.set, self.v.now);
        let (tone, word) = pages_sets::state(lang, self.set);
        let aside = view! { <Badge tone=tone text=word /> }.into_any();
        let (url, here) = (format!("{}/progress", self.path), self.path.clone());
        view! {
            <Card title=tr!(in lang, "numbers.sets.while_it_runs") aside=aside>
                <div class="stack" data-gap="close">
                    <SetProgress url=url label=tr!(in lang, "numbers.sets.rows_done").into_owned() value=value max=max text=text />
                    <p class="cluster" data-push="">
                        <span class="fine">{tr!(in lang, "numbers.sets.may_leave")}</span>
                        <ButtonLink href=here kind=Kind::Quiet size=Size::Small icon=Icon::Refresh>
                            {tr!(in lang, "numbers.sets.reload")}
                        </ButtonLink>
                    </p>
                </div>
            </Card>
        }
        .into_any()
    }

    fn undo(&self) -> AnyView {
        let (lang, done) = (self.v.lang, i64::from(self.set.done));
        let fields = self.fields();
        let undo = tr!(in lang, "numbers.sets.undo", n = self.v.count(done));
        view! {
            <Card>
                <div class="cluster" data-push="">
                    <span>
                        <b>{trn!(in lang, "numbers.sets.undo_ask", done)}</b>
                        " "
                        <span class="muted">{tr!(in lang, "numbers.sets.undo_text")}</span>
                    </span>
                    <ActionButton action=UndoSet::url() fields=fields icon=Icon::Undo>
                        {undo}
                    </ActionButton>
                </div>
            </Card>
        }
        .into_any()
    }

    fn list(&self, mut rows: Vec<SetRow>, verdict: Option<&str>, after: i32) -> AnyView {
        let (v, set, query) = (self.v, self.set, &self.req.query);
        let lang = v.lang;
        let first = query.first_page();
        let chip = |word: &str, label: Text, n: i32| {
            let text: Text = format!("{label} {}", v.count(n.into())).into();
            let href = if word.is_empty() { first.without("verdict") } else { first.with("verdict", word) };
            (href.href(&self.path), text, verdict.unwrap_or_default() == word)
        };
        let mut chips = vec![chip("", tr!(in lang, "numbers.tab.all"), set.rows)];
        let more_chips = [
            ("fine", tr!(in lang, "numbers.check.fine"), set.fine),
            ("note", tr!(in lang, "numbers.sets.note_short"), set.noted),
            ("refused", tr!(in lang, "numbers.check.refused"), set.refused),
            ("kept", tr!(in lang, "numbers.sets.kept"), set.kept),
        ];
        let shown_chips = more_chips.into_iter().filter(|(word, _, n)| *n > 0 || verdict == Some(*word));
        chips.extend(shown_chips.map(|(word, label, n)| chip(word, label, n)));
        let most = usize::try_from(ROWS).unwrap_or(usize::MAX);
        let more = rows.len() > most;
        rows.truncate(most);
        let next = rows.last().filter(|_| more).map(|row| query.after(row.row.to_string()).href(&self.path));
        let previous = (after > 0).then(|| first.href(&self.path));
        let shown = trn!(in lang, "numbers.sets.rows_shown", i64::try_from(rows.len()).unwrap_or(ROWS));
        let reject = (set.refused > 0).then(|| {
            let href = format!("{}/rejected.csv", self.path);
            let word = trn!(in lang, "numbers.sets.reject_file", i64::from(set.refused));
            view! {
                <ButtonLink href=href kind=Kind::Quiet size=Size::Small icon=Icon::Download download=true>
                    {word}
                </ButtonLink>
            }
        });
        let content = if rows.is_empty() {
            view! { <Empty title=tr!(in lang, "numbers.upload.no_rows") /> }.into_any()
        } else {
            self.table(&rows)
        };
        view! {
            <section class="stack" data-gap="tight" aria-label=tr!(in lang, "numbers.sets.rows_of")>
                <ChipLinks label=tr!(in lang, "numbers.upload.verdict") items=chips />
                <List>
                    <ListHead text=tr!(in lang, "numbers.sets.rows_of")>{reject}</ListHead>
                    {content}
                    <Pager text=shown previous=previous next=next />
                </List>
            </section>
        }
        .into_any()
    }

    fn table(&self, lines: &[SetRow]) -> AnyView {
        let v = self.v;
        let lang = v.lang;
        let columns = SetAction::parse(&self.set.action).unwrap_or(SetAction::Assign).columns();
        let cols = vec![
            Col::new(tr!(in lang, "numbers.order.row")).num().tight(),
            Col::new(tr!(in lang, "numbers.number")),
            Col::new(self.asked_label()).mid(),
            Col::new(tr!(in lang, "numbers.upload.verdict")),
            Col::new(tr!(in lang, "numbers.upload.why")).wrap(),
            Col::new(tr!(in lang, "numbers.sets.fix")).wrap().low(),
        ];
        let numbers = format!("/t/{}/numbers", self.req.slug());
        let mut rows = Rows::new(v, &cols);
        for line in lines {
            if line.verdict.as_deref() == Some("refused") {
                rows.row_toned(Tone::Danger)
            } else {
                rows.row()
            };
            rows.cell().count(line.row.into());
            let said = pages_sets::said_number(line);
            match E164::parse(&said) {
                Ok(_) if line.code.as_deref() != Some("number_not_found") => {
                    rows.cell().tel_link(&format!("{numbers}/{said}"), &said)
                }
                Ok(_) => rows.cell().tel(&said),
                Err(_) => rows.cell().text(&said),
            };
            let asked: Vec<String> =
                columns.iter().map(|column| pages_sets::cell(&line.input, column)).filter(|cell| !cell.is_empty()).collect();
            rows.cell().maybe(Some(asked.join(", ")).filter(|asked| !asked.is_empty()), |rows, asked| {
                rows.text(&asked);
            });
            let (tone, word) = verdict_badge(lang, line);
            rows.cell().badge(tone, &word);
            rows.cell().text(&pages_sets::why(lang, line).unwrap_or_default());
            rows.cell().text(&pages_sets::fix(lang, line).unwrap_or_default());
        }
        let rows = rows.finish();
        view! {
            <Table label=tr!(in lang, "numbers.sets.rows_of") cols=cols page_head=true>
                {rows}
            </Table>
        }
        .into_any()
    }

    fn asked_label(&self) -> Text {
        let lang = self.v.lang;
        match self.set.action.as_str() {
            "assign" => tr!(in lang, "numbers.sets.for"),
            "unassign" => tr!(in lang, "numbers.sets.quarantine"),
            "set_usage" => tr!(in lang, "numbers.usage.label"),
            "tag" | "untag" => tr!(in lang, "numbers.tags"),
            "set_emergency_location" => tr!(in lang, "numbers.sets.location"),
            _ => tr!(in lang, "numbers.sets.note"),
        }
    }
}

/// What the check says of a row, and then what came of it.
fn verdict_badge(lang: Lang, row: &SetRow) -> (Tone, Text) {
    match (row.undo.as_deref(), row.outcome.as_deref(), row.verdict.as_deref()) {
        (Some("undone"), ..) => (Tone::Neutral, tr!(in lang, "numbers.sets.row.undone")),
        (Some(_), ..) => (Tone::Warn, tr!(in lang, "numbers.sets.kept")),
        (_, Some("done"), _) => (Tone::Ok, tr!(in lang, "numbers.sets.done")),
        (_, Some("same"), _) => (Tone::Neutral, tr!(in lang, "numbers.sets.row.same")),
        (_, _, Some("refused")) => (Tone::Danger, tr!(in lang, "numbers.check.refused")),
        (_, _, Some("note")) => (Tone::Warn, tr!(in lang, "numbers.sets.note_short")),
        (_, _, Some(_)) => (Tone::Ok, tr!(in lang, "numbers.check.fine")),
        (_, _, None) => (Tone::Pending, tr!(in lang, "numbers.sets.state.draft")),
    }
}
