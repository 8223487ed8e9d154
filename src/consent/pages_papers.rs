//! What is taken along on paper: the certificate of an entry of the ledger, and the text for the tenant's own people.

use leptos::prelude::*;
use sha2::Digest as _;
use sha2::Sha256;
use uuid::Uuid;

use super::actions;
use super::directory::DirectoryRow;
use super::model::Consent;
use super::pages_change::crumbs;
use super::queries_directory;
use super::queries_directory::EntryRow;
use super::queries_ledger;
use super::queries_read;
use super::staff;
use super::words;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Problem;
use crate::base::Scope;
use crate::base::wire_time;
use crate::identity::PageRequest;
use crate::identity::id_param;
use crate::store::Reach;
use crate::tr;
use crate::transfers::Class;
use crate::transfers::classes_text;
use crate::ui::Card;
use crate::ui::Code;
use crate::ui::Copy;
use crate::ui::Empty;
use crate::ui::Kv;
use crate::ui::KvRow;
use crate::ui::Lang;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Time;
use crate::ui::TimeStyle;
use crate::ui::Viewer;
use crate::ui::viewer;

/// An entry with its parties.
struct Certified<'a> {
    tenant: &'a str,
    tenant_id: Uuid,
    operator: &'a DirectoryRow,
    entry: &'a EntryRow,
    /// Its number in the chain of the tenant's ledger and its hash there; `None` until it is chained. No part of the lines: a
    /// certificate keeps its digest when its entry is chained.
    link: Option<(i64, String)>,
}

impl Certified<'_> {
    /// The lines that the certificate's digest is taken of: `name: value`, each ended by a line feed, in this order.
    fn lines(&self) -> String {
        let entry = self.entry;
        let staff = match entry.staff_informed {
            Some(true) => "yes",
            Some(false) => "no",
            None => "not asked",
        };
        format!(
            "concord consent certificate 1\nentry: {}\nconsent: {}\naction: {}\nat: {}\ntenant: {} {}\noperator: {} {}\ncountries: {}\n\
             data classes: {}\nnotice version: {}\nnotice sha256: {}\nnotice language: {}\nby: {}\nfrom: {}\nstaff informed: {}\n",
            entry.id,
            entry.consent_id,
            entry.action,
            wire_time(entry.at),
            self.tenant_id,
            self.tenant,
            self.operator.id,
            self.operator.name,
            entry.countries.join(", "),
            entry.classes.join(", "),
            entry.notice_version,
            words::hex(&entry.notice_sha256),
            entry.language.as_deref().unwrap_or("unknown"),
            entry.actor_label,
            entry.address.as_deref().unwrap_or("-"),
            staff
        )
    }
}

/// `/t/{slug}/operators/{operator}/certificate`, of the newest entry or of `?entry=`.
///
/// # Errors
/// 401 for a visitor, 403 without `tenant:read`, 404 for an unknown operator or entry.
pub async fn certificate_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    ctx.require(Scope::TenantRead)?;
    let tenant = ctx.tenant()?;
    let v = viewer();
    let lang = v.lang;
    let only = req.query.get("entry").map(|text| id_param(text, "entry")).transpose()?;
    let mut tx = req.store.begin_for(ctx).await?;
    let operator = actions::operator_by_slug(&mut tx, tenant, req.param("operator")).await?;
    let entries = queries_directory::entries(&mut tx, tenant, OperatorId(operator.id), only).await?;
    let link = match entries.first() {
        Some(entry) => queries_ledger::link_of(&mut tx, tenant, OperatorId(operator.id), (entry.at, entry.id)).await?,
        None => None,
    };
    let name = queries_read::tenant_name(&mut tx, tenant).await?;
    tx.commit().await?;
    let page = format!("/t/{}/operators/{}", req.slug(), operator.slug);
    let title = tr!(in lang, "consent.certificate_title", name = operator.name);
    let crumbs = crumbs(lang, &req, &page, &operator.name, tr!(in lang, "consent.certificate"));
    if only.is_some() && entries.is_empty() {
        return Err(Problem::not_found("entry").into());
    }
    let paper = entries.first().map_or_else(
        || {
            let (title, text) = (tr!(in lang, "consent.no_consent"), tr!(in lang, "consent.certificate_none"));
            view! { <Card flush=true><Empty title=title text=text /></Card> }.into_any()
        },
        |entry| certificate(&v, &Certified { tenant: &name, tenant_id: tenant.0, operator: &operator, entry, link }),
    );
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in lang, "consent.certificate_purpose") crumbs=crumbs />
        {paper}
    };
    Ok(Page::new(title, body))
}

fn certificate(v: &Viewer, what: &Certified<'_>) -> AnyView {
    let lang = v.lang;
    let entry = what.entry;
    let lines = what.lines();
    let digest = words::hex(&Sha256::digest(lines.as_bytes()));
    let (tenant, operator) = (what.tenant.to_owned(), what.operator.name.clone());
    let (countries, classes) = (words::countries_text(lang, &entry.countries), classes_text(lang, &entry.classes));
    let language = entry.language.as_deref().and_then(Lang::from_code).map(|read| format!(" ({})", read.own_name()));
    let from = entry.address.clone().map(|address| {
        view! { <KvRow label=tr!(in lang, "consent.from_address")><span class="id">{address}</span></KvRow> }
    });
    let staff = entry.staff_informed.map(|informed| {
        let asked = entry.asked_for.clone().unwrap_or_default();
        let text = match (asked.is_empty(), informed) {
            (true, _) => tr!(in lang, "consent.staff_not_asked"),
            (false, true) => tr!(in lang, "consent.staff_yes", countries = words::countries_text(lang, &asked)),
            (false, false) => tr!(in lang, "consent.staff_no"),
        };
        view! { <KvRow label=tr!(in lang, "consent.staff")>{text}</KvRow> }
    });
    let (at, action, by, version) =
        (entry.at, words::ledger_text(lang, &entry.action), entry.actor_label.clone(), entry.notice_version.clone());
    let (sha256, id) = (words::hex(&entry.notice_sha256), entry.id.to_string());
    let chained = match what.link.clone() {
        Some((seq, hash)) => {
            let place = tr!(in lang, "consent.chain_place", n = v.count(seq));
            view! {
                <KvRow label=tr!(in lang, "consent.chain")>{place}</KvRow>
                <KvRow label=tr!(in lang, "consent.chain_hash")>
                    <Copy value=hash label=tr!(in lang, "consent.chain_hash") inline=true />
                </KvRow>
            }
            .into_any()
        }
        None => view! { <KvRow label=tr!(in lang, "consent.chain")>{tr!(in lang, "consent.chain_none")}</KvRow> }.into_any(),
    };
    let foot = view! { <span>{tr!(in lang, "consent.chain_text")}</span> }.into_any();
    view! {
        <Card title=tr!(in lang, "consent.certificate") foot=foot>
            <Kv>
                <KvRow label=tr!(in lang, "consent.what")>{action}</KvRow>
                <KvRow label=tr!(in lang, "consent.when")><Time at=at style=TimeStyle::Full /></KvRow>
                <KvRow label=tr!(in lang, "consent.tenant")>{tenant}</KvRow>
                <KvRow label=tr!(in lang, "consent.operator")>{operator}</KvRow>
                <KvRow label=tr!(in lang, "consent.countries")>{countries}</KvRow>
                <KvRow label=tr!(in lang, "consent.classes")>{classes}</KvRow>
                <KvRow label=tr!(in lang, "consent.text")>{version}{language}</KvRow>
                <KvRow label=tr!(in lang, "consent.sha256")>
                    <Copy value=sha256 label=tr!(in lang, "consent.sha256") inline=true />
                </KvRow>
                <KvRow label=tr!(in lang, "consent.accepted_by")>{by}</KvRow>
                {from}
                {staff}
                <KvRow label=tr!(in lang, "consent.entry")><span class="id">{id}</span></KvRow>
                {chained}
                <KvRow label=tr!(in lang, "consent.digest")>
                    <Copy value=digest label=tr!(in lang, "consent.digest") inline=true />
                </KvRow>
            </Kv>
        </Card>
        <Card title=tr!(in lang, "consent.digest_of")>
            <p class="fine">{tr!(in lang, "consent.digest_text")}</p>
            <Code label=tr!(in lang, "consent.digest_of") text=lines />
        </Card>
    }
    .into_any()
}

/// `/t/{slug}/operators/{operator}/handout`: the text for the tenant's own people, in both languages.
///
/// # Errors
/// 401 for a visitor, 403 without `tenant:read`, 404 for an unknown operator or without a consent.
pub async fn handout_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    ctx.require(Scope::TenantRead)?;
    let tenant = ctx.tenant()?;
    let v = viewer();
    let lang = v.lang;
    let mut tx = req.store.begin(Reach::Tenant(tenant)).await?;
    let operator = actions::operator_by_slug(&mut tx, tenant, req.param("operator")).await?;
    let consent = queries_read::consent(&mut tx, tenant, OperatorId(operator.id)).await?;
    let name = queries_read::tenant_name(&mut tx, tenant).await?;
    tx.commit().await?;
    let page = format!("/t/{}/operators/{}", req.slug(), operator.slug);
    let title = tr!(in lang, "consent.handout");
    let crumbs = crumbs(lang, &req, &page, &operator.name, title.clone());
    let sheets = match &consent {
        Some(consent) => {
            // The viewer's language first.
            let mut langs = Lang::ALL;
            langs.sort_by_key(|one| *one != lang);
            langs.into_iter().map(|one| sheet(&v, one, &name, &operator, consent)).collect_view().into_any()
        }
        None => {
            let (title, text) = (tr!(in lang, "consent.no_consent"), tr!(in lang, "consent.handout_none"));
            view! { <Card flush=true><Empty title=title text=text /></Card> }.into_any()
        }
    };
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in lang, "consent.handout_purpose") crumbs=crumbs />
        {sheets}
    };
    Ok(Page::new(title, body))
}

/// One sheet in one language. Printed alone when the address names it.
fn sheet(v: &Viewer, lang: Lang, tenant: &str, operator: &DirectoryRow, consent: &Consent) -> AnyView {
    let has = |class: Class| consent.classes.contains(&class);
    let countries = words::countries_text(lang, &consent.countries);
    let given = Class::ALL.iter().copied().filter(|class| has(*class)).map(|class| {
        let text = words::class_for_staff(lang, class);
        view! { <li>{text}</li> }
    });
    let given = given.collect_view();
    let rules: Vec<String> =
        staff::asking(&consent.countries).iter().filter_map(|country| staff::rule(country)).map(str::to_owned).collect();
    let rules = (!rules.is_empty())
        .then(|| view! { <p class="fine">{tr!(in lang, "consent.handout.rules", rules = rules.join(", "))}</p> });
    let contact = consent.contact.as_ref().map_or_else(
        || tr!(in lang, "consent.handout.questions", tenant = tenant),
        |contact| tr!(in lang, "consent.handout.questions_to", name = contact.name, email = contact.email),
    );
    let id = format!("sheet-{}", lang.code());
    let href = format!("#{id}");
    let print = tr!(in v.lang, "consent.handout.alone", language = lang.own_name());
    let aside = view! { <a class="fine no-print" href=href>{print}</a> }.into_any();
    let (operator, code) = (operator.name.clone(), lang.code());
    let intro = tr!(in lang, "consent.handout.intro", tenant = tenant, operator = operator, countries = countries);
    let usage = tr!(in lang, "consent.handout.use", operator = operator);
    let version = tr!(in lang, "consent.text_version", version = consent.notice_version);
    view! {
        <div id=id data-print=true lang=code>
            <Card title=tr!(in lang, "consent.handout.title", operator = operator) aside=aside>
                <div class="prose">
                    <p>{intro}</p>
                    <ul class="bullets">{given}</ul>
                    <p>{usage}</p>
                    <p>{tr!(in lang, "consent.handout.kept")}</p>
                    <p>{tr!(in lang, "consent.handout.rights")}</p>
                    <p>{contact}</p>
                    {rules}
                    <p class="fine">{version}</p>
                </div>
            </Card>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn every_fact_of_a_certificate_changes_its_digest() {
        let operator = DirectoryRow {
            id: Uuid::from_u128(2),
            slug: "norvik".to_owned(),
            name: "Norvik".to_owned(),
            countries: Vec::new(),
            services: Vec::new(),
            website: None,
            emergency_mode: "tenant".to_owned(),
            logo_changed_at: None,
            numbers: 0,
            assigned: 0,
        };
        let entry = EntryRow {
            id: Uuid::from_u128(3),
            consent_id: Uuid::from_u128(4),
            at: DateTime::UNIX_EPOCH,
            action: "granted".to_owned(),
            countries: vec!["DE".to_owned()],
            classes: vec!["numbers".to_owned()],
            notice_version: "1".to_owned(),
            notice_sha256: vec![7],
            actor_label: "Mara".to_owned(),
            address: None,
            staff_informed: Some(true),
            asked_for: None,
            language: Some("en".to_owned()),
        };
        let with = |entry: &EntryRow, link: Option<(i64, String)>| {
            Certified { tenant: "Kestrel", tenant_id: Uuid::from_u128(1), operator: &operator, entry, link }.lines()
        };
        let lines = |entry: &EntryRow| with(entry, None);
        let first = lines(&entry);
        assert_eq!(with(&entry, Some((1, "07".to_owned()))), first, "being chained changes no certificate");
        let others = [
            EntryRow { action: "changed".to_owned(), ..entry.clone() },
            EntryRow { countries: Vec::new(), ..entry.clone() },
            EntryRow { notice_sha256: vec![8], ..entry.clone() },
            EntryRow { actor_label: "Tom".to_owned(), ..entry.clone() },
            EntryRow { staff_informed: None, ..entry.clone() },
            EntryRow { language: None, ..entry.clone() },
        ];
        assert!(others.iter().all(|other| lines(other) != first));
        assert!(first.ends_with('\n') && first.contains("\nstaff informed: yes\n"), "{first}");
    }
}
