//! `/t/{slug}/settings`: what holds for the whole tenant, section by section.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::forms_acts::SaveQuarantine;
use super::settings;
use crate::base::Failure;
use crate::base::Scope;
use crate::identity::PageRequest;
use crate::tr;
use crate::ui::Button;
use crate::ui::Card;
use crate::ui::Choice;
use crate::ui::Hidden;
use crate::ui::Kind;
use crate::ui::Opt;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::TextInput;
use crate::ui::Viewer;
use crate::ui::viewer;

/// `/t/{slug}/settings`.
///
/// # Errors
/// 401, 403 without `tenant:read`.
pub async fn settings_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let days = settings::quarantine(&req.store, ctx).await?;
    let v = viewer();
    let title = tr!(in v.lang, "numbers.settings.title");
    let may = ctx.scopes.has(Scope::TenantAssign);
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in v.lang, "numbers.settings.purpose") />
        <div class="stack">{quarantine_section(&v, &req, days, may)}</div>
    };
    Ok(Page::new(title, body))
}

fn quarantine_section(v: &Viewer, req: &PageRequest, held: i32, may: bool) -> AnyView {
    let lang = v.lang;
    let rest = match held {
        0 => "0",
        days if days < 0 => "-1",
        _ => "days",
    };
    let rest = req.typed("rest").unwrap_or(rest).to_owned();
    let days = req.typed("days").map(str::to_owned).or_else(|| (held > 0).then(|| held.to_string()));
    let options = vec![
        Opt::new("days", tr!(in lang, "numbers.settings.days")).hint(tr!(in lang, "numbers.settings.days_hint")),
        Opt::new("0", tr!(in lang, "numbers.quarantine.none")).hint(tr!(in lang, "numbers.quarantine.none_hint")),
        Opt::new("-1", tr!(in lang, "numbers.quarantine.forever")).hint(tr!(in lang, "numbers.quarantine.forever_hint")),
    ];
    let blocked = (!may).then(|| tr!(in lang, "numbers.settings.blocked").into_owned());
    let (rest_wrong, days_wrong) = (req.wrong("quarantine_days"), req.wrong("days"));
    view! {
        <form method="post" action=SaveQuarantine::url()>
            <Hidden name="slug" value=req.slug().to_owned() />
            <Card title=tr!(in lang, "numbers.settings.quarantine") id="quarantine">
                <div class="stack">
                    <p>{tr!(in lang, "numbers.settings.quarantine_text")}</p>
                    <Choice
                        name="rest"
                        legend=tr!(in lang, "numbers.quarantine.label")
                        options=options
                        value=rest
                        error=rest_wrong
                    />
                    <div class="fields" data-cols="2">
                        <TextInput
                            name="days"
                            kind="number"
                            inputmode="numeric"
                            label=tr!(in lang, "numbers.settings.days_label")
                            value=days
                            error=days_wrong
                        />
                    </div>
                    <div class="cluster">
                        <Button kind=Kind::Primary blocked=blocked>
                            {tr!(in lang, "numbers.settings.save")}
                        </Button>
                    </div>
                </div>
            </Card>
        </form>
    }
    .into_any()
}
