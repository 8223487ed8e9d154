//! Server functions of consent and relationship. Each ends in a redirect with a message.

use leptos::prelude::*;

use crate::identity::FormError;

#[cfg(feature = "ssr")]
use super::actions;
#[cfg(feature = "ssr")]
use super::model::Contact;
#[cfg(feature = "ssr")]
use super::model::RelationshipStatus;
#[cfg(feature = "ssr")]
use super::model::Verb;
#[cfg(feature = "ssr")]
use super::relationship;
#[cfg(feature = "ssr")]
use crate::base::Failure;
#[cfg(feature = "ssr")]
use crate::base::OperatorId;
#[cfg(feature = "ssr")]
use crate::base::TenantId;
#[cfg(feature = "ssr")]
use crate::identity::Flash;
#[cfg(feature = "ssr")]
use crate::identity::OrgKind;
#[cfg(feature = "ssr")]
use crate::identity::Redirect;
#[cfg(feature = "ssr")]
use crate::identity::answer;
#[cfg(feature = "ssr")]
use crate::identity::id_param;
#[cfg(feature = "ssr")]
use crate::identity::server_ctx;
#[cfg(feature = "ssr")]
use crate::identity::server_parts;
#[cfg(feature = "ssr")]
use crate::identity::viewer;
#[cfg(feature = "ssr")]
use crate::tr;
#[cfg(feature = "ssr")]
use crate::transfers::Class;
#[cfg(feature = "ssr")]
use crate::ui::Lang;

/// Accepts the notice text for an operator. `operator`: its short name; `operator_id`: its id; `read`: the box that says so.
/// Everything that is missing is told at once.
#[server]
pub async fn accept_consent(
    #[server(default)] slug: String,
    #[server(default)] operator: String,
    #[server(default)] operator_id: String,
    #[server(default)] countries: Vec<String>,
    #[server(default)] classes: Vec<String>,
    #[server(default)] notice_version: String,
    #[server(default)] contact_name: String,
    #[server(default)] contact_email: String,
    #[server(default)] read: String,
    #[server(default)] language: String,
    #[server(default)] staff_informed: String,
) -> Result<(), FormError> {
    let page = format!("/t/{slug}/operators/{operator}");
    let mut fields = vec![("contact_name".to_owned(), contact_name.clone()), ("contact_email".to_owned(), contact_email.clone())];
    // The box stays ticked for the text it was ticked for.
    fields.extend([("read".to_owned(), read.clone()), ("notice_version".to_owned(), notice_version.clone())]);
    fields.push(("staff_informed".to_owned(), staff_informed.clone()));
    // The refused form shows the text in the language it was read in.
    let back = match language.as_str() {
        "en" | "de" => format!("{page}/accept?language={language}"),
        _ => format!("{page}/accept"),
    };
    fields.extend(countries.iter().map(|country| ("countries".to_owned(), country.clone())));
    fields.extend(classes.iter().map(|class| ("classes".to_owned(), class.clone())));
    let result: Result<Redirect, Failure> = async {
        let (ctx, store) = server_ctx(OrgKind::Tenant, &slug)?;
        let nobody = contact_name.trim().is_empty() && contact_email.trim().is_empty();
        let given = actions::AcceptIn {
            operator: OperatorId(id_param(&operator_id, "operator")?),
            countries,
            classes: classes.iter().filter_map(|word| Class::parse(word)).collect(),
            notice_version,
            read: read == "true",
            contact: (!nobody).then(|| Contact { name: contact_name.trim().to_owned(), email: contact_email.trim().to_owned() }),
        };
        let said = actions::Said { language, staff_informed: staff_informed == "true" };
        actions::accept_said(&store, &ctx, given, said).await?;
        Ok(Redirect::with(page.clone(), Flash::done(tr!(in form_lang()?, "consent.accepted"))))
    }
    .await;
    answer(result, &back, fields).await
}

#[cfg(feature = "ssr")]
fn form_lang() -> Result<Lang, Failure> {
    let (parts, store) = server_parts()?;
    Ok(viewer(&parts, &store.env).lang)
}

#[cfg(feature = "ssr")]
async fn turn(slug: &str, operator: &str, operator_id: &str, verb: Verb, seen: &str) -> Result<(), FormError> {
    let page = format!("/t/{slug}/operators/{operator}");
    let result: Result<Redirect, Failure> = async {
        let (ctx, store) = server_ctx(OrgKind::Tenant, slug)?;
        let operator = OperatorId(id_param(operator_id, "operator")?);
        let (_, effects) = actions::turn(&store, &ctx, operator, verb, Some(seen)).await?;
        let lang = form_lang()?;
        let (parts, store) = server_parts()?;
        let v = viewer(&parts, &store.env);
        let (numbers, waiting) = (v.count(effects.numbers), v.count(effects.waiting));
        let (done, text) = match verb {
            Verb::Suspend => {
                (tr!(in lang, "consent.suspended"), tr!(in lang, "consent.done.closed", numbers = numbers, waiting = waiting))
            }
            Verb::Resume => {
                (tr!(in lang, "consent.resumed"), tr!(in lang, "consent.done.opened", numbers = v.count(effects.assigned)))
            }
            Verb::Withdraw => {
                (tr!(in lang, "consent.withdrawn"), tr!(in lang, "consent.done.closed", numbers = numbers, waiting = waiting))
            }
        };
        Ok(Redirect::with(page.clone(), Flash::done(done).text(text)))
    }
    .await;
    answer(result, &format!("{page}/{}", verb.as_str()), Vec::new()).await
}

/// Suspends the consent for an operator.
#[server]
pub async fn suspend_consent(
    #[server(default)] slug: String,
    #[server(default)] operator: String,
    #[server(default)] operator_id: String,
    #[server(default)] seen: String,
) -> Result<(), FormError> {
    turn(&slug, &operator, &operator_id, Verb::Suspend, &seen).await
}

/// Resumes the consent for an operator.
#[server]
pub async fn resume_consent(
    #[server(default)] slug: String,
    #[server(default)] operator: String,
    #[server(default)] operator_id: String,
    #[server(default)] seen: String,
) -> Result<(), FormError> {
    turn(&slug, &operator, &operator_id, Verb::Resume, &seen).await
}

/// Withdraws the consent for an operator.
#[server]
pub async fn withdraw_consent(
    #[server(default)] slug: String,
    #[server(default)] operator: String,
    #[server(default)] operator_id: String,
    #[server(default)] seen: String,
) -> Result<(), FormError> {
    turn(&slug, &operator, &operator_id, Verb::Withdraw, &seen).await
}

/// Says how the relationship with a customer stands.
#[server]
pub async fn save_relationship(
    #[server(default)] slug: String,
    #[server(default)] tenant: String,
    #[server(default)] tenant_id: String,
    #[server(default)] status: String,
    #[server(default)] comment: String,
) -> Result<(), FormError> {
    let page = format!("/o/{slug}/customers/{tenant}");
    let fields = vec![("status".to_owned(), status.clone()), ("comment".to_owned(), comment.clone())];
    let result: Result<Redirect, Failure> = async {
        let (ctx, store) = server_ctx(OrgKind::Operator, &slug)?;
        let status = RelationshipStatus::parse(&status).unwrap_or(RelationshipStatus::New);
        let tenant = TenantId(id_param(&tenant_id, "tenant")?);
        relationship::set_relationship(&store, &ctx, tenant, status, Some(&comment)).await?;
        Ok(Redirect::with(page.clone(), Flash::done(tr!(in form_lang()?, "consent.relationship_saved"))))
    }
    .await;
    answer(result, &page, fields).await
}
