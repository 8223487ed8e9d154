//! `/t/{slug}/numbers/{e164}/unassign`: says what happens, asks for the quarantine, then takes the number back.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::forms::Unassign;
use super::pages_assign::refused_band;
use super::reads;
use super::reads::number_param;
use super::refusal::Refusal;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::identity::PageRequest;
use crate::tr;
use crate::trn;
use crate::ui::Button;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Choice;
use crate::ui::Crumb;
use crate::ui::Hidden;
use crate::ui::Kind;
use crate::ui::Lang;
use crate::ui::Opt;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::TextInput;
use crate::ui::group_tel;
use crate::ui::viewer;

/// `/t/{slug}/numbers/{e164}/unassign`: says what happens, asks for the quarantine, then does it.
///
/// # Errors
/// 401, 403 without `tenant:assign`, 404, 422 `not_assigned`.
pub async fn unassign_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    ctx.require(Scope::TenantAssign)?;
    let e164 = number_param(req.param("e164"))?;
    let number = reads::tenant_number(&req.store, ctx, &e164).await?;
    let Some(name) = number.target_name.clone() else {
        return Err(Problem::from(Refusal::NotAssigned).into());
    };
    let v = viewer();
    let lang = v.lang;
    let list = format!("/t/{}/numbers", req.slug());
    let here = format!("{list}/{e164}");
    let shown_number = group_tel(e164.as_str());
    let title = tr!(in lang, "numbers.unassign_title", number = shown_number, name = name);
    let crumbs = vec![
        Crumb::link(list, tr!(in lang, "numbers.title")),
        Crumb::link(here.clone(), shown_number.clone()),
        Crumb::here(tr!(in lang, "numbers.unassign")),
    ];
    let text = tr!(in lang, "numbers.unassign_text", name = name, operator = number.operator_name);
    let quarantine = quarantine(lang, &req, number.quarantine_days);
    let body = view! {
        <PageHead title=title.clone() crumbs=crumbs />
        {refused_band(lang, &req)}
        <form method="post" action=Unassign::url()>
            <Hidden name="slug" value=req.slug().to_owned() />
            <Hidden name="e164" value=number.e164.clone() />
            <Hidden name="version" value=number.version.to_string() />
            <Card>
                <div class="stack">
                    <p>{text}</p>
                    {quarantine}
                    <div class="cluster">
                        <Button kind=Kind::Danger>{tr!(in lang, "numbers.unassign")}</Button>
                        <ButtonLink href=here kind=Kind::Quiet>{tr!(in lang, "numbers.cancel")}</ButtonLink>
                    </div>
                </div>
            </Card>
        </form>
    };
    Ok(Page::new(title, body))
}

fn quarantine(lang: Lang, req: &PageRequest, default_days: i32) -> AnyView {
    let default = match default_days {
        0 => tr!(in lang, "numbers.quarantine.none"),
        days if days < 0 => tr!(in lang, "numbers.quarantine.forever"),
        days => trn!(in lang, "numbers.quarantine.days", days),
    };
    let mut options = vec![Opt::new("", default).hint(tr!(in lang, "numbers.quarantine.default"))];
    for days in [7, 30, 90].into_iter().filter(|days| *days != default_days) {
        options.push(Opt::new(days.to_string(), trn!(in lang, "numbers.quarantine.days", days)));
    }
    options.push(Opt::new("days", tr!(in lang, "numbers.quarantine.other")).hint(tr!(in lang, "numbers.quarantine.other_hint")));
    if default_days != 0 {
        options.push(Opt::new("0", tr!(in lang, "numbers.quarantine.none")).hint(tr!(in lang, "numbers.quarantine.none_hint")));
    }
    if default_days >= 0 {
        options
            .push(Opt::new("-1", tr!(in lang, "numbers.quarantine.forever")).hint(tr!(in lang, "numbers.quarantine.forever_hint")));
    }
    let value = req.typed("quarantine_days").unwrap_or_default().to_owned();
    let days = req.typed("days").map(str::to_owned);
    view! {
        <Choice
            name="quarantine_days"
            legend=tr!(in lang, "numbers.quarantine.label")
            options=options
            value=value
            error=req.wrong("quarantine_days")
        />
        <div class="fields" data-cols="2">
            <TextInput
                name="days"
                kind="number"
                inputmode="numeric"
                label=tr!(in lang, "numbers.quarantine.other_label")
                value=days
                error=req.wrong("days")
            />
        </div>
    }
    .into_any()
}
