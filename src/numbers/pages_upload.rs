//! An operator's file of numbers: the form, and the check with a verdict per row.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::forms::DropUpload;
use super::forms::RunUpload;
use super::order_csv;
use super::orders;
use super::orders::Checked;
use super::orders::Order;
use super::orders::OrderRow;
use super::pages_orders::order_kind;
use super::pages_orders::order_state;
use super::pages_orders::row_list;
use super::queries_operator::TenantChoice;
use super::reads;
use super::uploads;
use crate::base::Failure;
use crate::base::Scope;
use crate::identity::PageRequest;
use crate::tr;
use crate::trn;
use crate::ui::ActionButton;
use crate::ui::Badge;
use crate::ui::Button;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Col;
use crate::ui::Cols;
use crate::ui::Crumb;
use crate::ui::Empty;
use crate::ui::FileInput;
use crate::ui::Grid;
use crate::ui::Icon;
use crate::ui::Kind;
use crate::ui::Lang;
use crate::ui::Opt;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Select;
use crate::ui::Size;
use crate::ui::Steps;
use crate::ui::Table;
use crate::ui::Text;
use crate::ui::Textarea;
use crate::ui::Tile;
use crate::ui::Tiles;
use crate::ui::Time;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::viewer;

pub(super) fn steps(lang: Lang, current: usize) -> AnyView {
    let items: Vec<Text> = vec![
        tr!(in lang, "numbers.upload.step_file"),
        tr!(in lang, "numbers.upload.step_check"),
        tr!(in lang, "numbers.upload.step_result"),
    ];
    view! { <Steps items=items current=current /> }.into_any()
}

fn crumbs(lang: Lang, slug: &str, here: impl Into<Text>) -> Vec<Crumb> {
    let list = format!("/o/{slug}/numbers");
    vec![
        Crumb::link(list.clone(), tr!(in lang, "numbers.title")),
        Crumb::link(format!("{list}/upload"), tr!(in lang, "numbers.provide")),
        Crumb::here(here),
    ]
}

/// `/o/{slug}/numbers/upload`: the form, and the newest orders.
///
/// # Errors
/// 401, 403 without `numbers:write`.
pub async fn upload_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    ctx.require(Scope::NumbersWrite)?;
    let mut tx = req.store.begin_for(ctx).await?;
    let tenants = reads::open_tenants(&mut tx, ctx.operator()?).await?;
    tx.commit().await?;
    let recent = orders::recent_orders(&req.store, ctx, 10).await?;
    let v = viewer();
    let lang = v.lang;
    let list = format!("/o/{}/numbers", req.slug());
    let crumbs = vec![Crumb::link(list, tr!(in lang, "numbers.title")), Crumb::here(tr!(in lang, "numbers.provide"))];
    let form = form(lang, &req, tenants);
    let orders = orders_card(lang, req.slug(), recent);
    let body = view! {
        <PageHead title=tr!(in lang, "numbers.provide") purpose=tr!(in lang, "numbers.upload.purpose") crumbs=crumbs />
        {steps(lang, 0)}
        <Grid cols=Cols::Two>{form} {orders}</Grid>
    };
    Ok(Page::new(tr!(in lang, "numbers.provide"), body))
}

fn form(lang: Lang, req: &PageRequest, tenants: Vec<TenantChoice>) -> AnyView {
    let action = format!("/o/{}/numbers/upload", req.slug());
    let template = format!("/o/{}/numbers/template.csv", req.slug());
    let options: Vec<Opt> = tenants.into_iter().map(|tenant| Opt::new(tenant.slug, tenant.name)).collect();
    let hint = tr!(in lang, "numbers.upload.file_hint", columns = order_csv::COLUMNS.join(", "));
    let (wrong, wrong_text) = (req.wrong("file"), req.wrong("text"));
    let foot = view! {
        <Button kind=Kind::Primary>{tr!(in lang, "numbers.upload.check")}</Button>
        <span class="fine">{tr!(in lang, "numbers.upload.check_hint")}</span>
    }
    .into_any();
    let aside = view! {
        <ButtonLink href=template kind=Kind::Quiet size=Size::Small icon=Icon::Download download=true>
            {tr!(in lang, "numbers.upload.template")}
        </ButtonLink>
    }
    .into_any();
    let (tenant, text) = (req.typed("tenant").map(str::to_owned), req.typed("text").map(str::to_owned));
    view! {
        <form method="post" action=action enctype="multipart/form-data">
            <Card title=tr!(in lang, "numbers.upload.title") aside=aside foot=foot>
                <div class="fields">
                    <Select
                        name="tenant"
                        label=tr!(in lang, "numbers.customer")
                        hint=tr!(in lang, "numbers.upload.customer_hint")
                        options=options
                        value=tenant
                        any=tr!(in lang, "numbers.upload.customer_in_file")
                    />
                    <FileInput name="file" label=tr!(in lang, "numbers.upload.file") accept=".csv,text/csv" hint=hint error=wrong />
                    <Textarea
                        name="text"
                        label=tr!(in lang, "numbers.upload.paste")
                        hint=tr!(in lang, "numbers.upload.paste_hint")
                        value=text
                        error=wrong_text
                        rows=5
                        mono=true
                    />
                </div>
            </Card>
        </form>
    }
    .into_any()
}

fn orders_card(lang: Lang, slug: &str, recent: Vec<Order>) -> AnyView {
    let title = tr!(in lang, "numbers.order.recent");
    if recent.is_empty() {
        return view! {
            <Card title=title flush=true>
                <Empty title=tr!(in lang, "numbers.order.none") text=tr!(in lang, "numbers.order.none_text") />
            </Card>
        }
        .into_any();
    }
    let cols = vec![
        Col::new(tr!(in lang, "numbers.order.made")).nowrap(),
        Col::new(tr!(in lang, "numbers.order.what")),
        Col::new(tr!(in lang, "numbers.order.rows")).num(),
        Col::new(tr!(in lang, "numbers.state.label")),
    ];
    let rows = recent
        .into_iter()
        .map(|order| {
            let href = format!("/o/{slug}/orders/{}", order.id);
            let (tone, word) = order_state(lang, &order.state);
            view! {
                <tr>
                    <td class="nowrap">
                        <a class="row-link" href=href>
                            <Time at=order.created_at />
                        </a>
                    </td>
                    <td>{order_kind(lang, &order.kind)} <span class="sub">{order.actor_label}</span></td>
                    <td class="num">{crate::ui::count(lang, order.rows.into())}</td>
                    <td>
                        <Badge tone=tone text=word />
                    </td>
                </tr>
            }
        })
        .collect_view();
    let all = format!("/o/{slug}/orders");
    let aside = view! { <ButtonLink href=all kind=Kind::Quiet size=Size::Small>{tr!(in lang, "numbers.order.all")}</ButtonLink> }
        .into_any();
    view! {
        <Card title=title.clone() flush=true aside=aside>
            <Table label=title cols=cols compact=true>
                {rows}
            </Table>
        </Card>
    }
    .into_any()
}

/// `/o/{slug}/numbers/upload/{id}`: what running the file would do, row by row.
///
/// # Errors
/// 401, 403 without `numbers:write`, 404 when it was run or dropped.
pub async fn upload_check_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let (upload, checked) = uploads::checked(&req.store, ctx, req.param("id")).await?;
    let v = viewer();
    let lang = v.lang;
    let name = if upload.file_name.is_empty() { tr!(in lang, "numbers.upload.pasted").into_owned() } else { upload.file_name };
    let title = tr!(in lang, "numbers.upload.check_title", name = name);
    let path = format!("/o/{}/numbers/upload/{}", req.slug(), upload.id);
    let fields: Vec<(Text, Text)> =
        vec![("slug".into(), req.slug().to_owned().into()), ("id".into(), upload.id.to_string().into())];
    let only = req.query.get("outcome");
    let rows: Vec<OrderRow> = checked.rows.iter().filter(|row| only.is_none() || row.outcome.as_deref() == only).cloned().collect();
    let again = format!("/o/{}/numbers/upload", req.slug());
    let drop_fields = fields.clone();
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in lang, "numbers.upload.check_purpose") crumbs=crumbs(lang, req.slug(), tr!(in lang, "numbers.upload.step_check"))>
            <ButtonLink href=again icon=Icon::Upload>{tr!(in lang, "numbers.upload.corrected")}</ButtonLink>
            <ActionButton action=DropUpload::url() fields=drop_fields kind=Kind::Danger>
                {tr!(in lang, "numbers.upload.drop")}
            </ActionButton>
        </PageHead>
        {steps(lang, 1)}
        {tiles(&v, &checked)}
        {run_card(&v, &checked, fields)}
        {row_list(&v, &path, &req, rows, checked.rejected)}
    };
    Ok(Page::new(title, body))
}

fn tiles(v: &Viewer, checked: &Checked) -> AnyView {
    let lang = v.lang;
    let n = |n: usize| v.count(i64::try_from(n).unwrap_or(i64::MAX));
    let (all, accepted, rejected) = (n(checked.rows.len()), n(checked.accepted), n(checked.rejected));
    view! {
        <Tiles>
            <Tile label=tr!(in lang, "numbers.order.rows") value=all />
            <Tile label=tr!(in lang, "numbers.check.fine") value=accepted>
                <Badge tone=Tone::Ok text=tr!(in lang, "numbers.upload.will_run") />
            </Tile>
            <Tile label=tr!(in lang, "numbers.check.refused") value=rejected>
                <Badge tone=Tone::Danger text=tr!(in lang, "numbers.upload.will_not_run") />
            </Tile>
        </Tiles>
    }
    .into_any()
}

fn run_card(v: &Viewer, checked: &Checked, fields: Vec<(Text, Text)>) -> AnyView {
    let lang = v.lang;
    let text = trn!(in lang, "numbers.upload.run_ask", checked.accepted);
    let left_out = trn!(in lang, "numbers.upload.left_out", checked.rejected);
    let run = trn!(in lang, "numbers.upload.run", checked.accepted);
    let blocked = (checked.accepted == 0).then(|| tr!(in lang, "numbers.upload.nothing").into_owned());
    view! {
        <Card>
            <div class="cluster" data-push="">
                <span>
                    <b>{text}</b>
                    " "
                    <span class="muted">{left_out}</span>
                </span>
                <ActionButton action=RunUpload::url() fields=fields kind=Kind::Primary blocked=blocked>
                    {run}
                </ActionButton>
            </div>
        </Card>
    }
    .into_any()
}
