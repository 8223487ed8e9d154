//! Server functions of what a tenant does to a number besides assigning it, of its address book and of its settings.

use leptos::prelude::*;

use crate::identity::FormError;

#[cfg(feature = "ssr")]
use super::Category;
#[cfg(feature = "ssr")]
use super::Refusal;
#[cfg(feature = "ssr")]
use super::Usage;
#[cfg(feature = "ssr")]
use super::acts;
#[cfg(feature = "ssr")]
use super::acts::Act;
#[cfg(feature = "ssr")]
use super::acts::Asked;
#[cfg(feature = "ssr")]
use super::places;
#[cfg(feature = "ssr")]
use super::places::PlaceIn;
#[cfg(feature = "ssr")]
use super::settings;
#[cfg(feature = "ssr")]
use crate::base::E164;
#[cfg(feature = "ssr")]
use crate::base::Failure;
#[cfg(feature = "ssr")]
use crate::base::Problem;
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
use crate::trn;
#[cfg(feature = "ssr")]
use crate::ui::Lang;

#[cfg(feature = "ssr")]
fn lang() -> Result<Lang, Failure> {
    let (parts, store) = server_parts()?;
    Ok(viewer(&parts, &store.env).lang)
}

/// The act that a form of the number's page asks for.
#[cfg(feature = "ssr")]
fn read(act: &str, value: &str, note: &str) -> Result<Act, Failure> {
    let malformed = || Problem::new(400, "body_malformed", "The form is not complete.");
    // Between commas, semicolons or line ends.
    let tags = || value.split([',', ';', '\n']).map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()).collect();
    let said = Some(note.trim().to_owned()).filter(|note| !note.is_empty());
    Ok(match act {
        "usage" => Act::SetUsage { usage: Usage::parse(value).ok_or_else(malformed)? },
        "category" => Act::SetCategory { category: Category::parse(value).ok_or_else(malformed)? },
        "location" if value.is_empty() => Act::SetEmergencyLocation { location: None },
        "location" => {
            let location = id_param(value, "location").map_err(|_| Refusal::EmergencyLocationUnknown)?;
            Act::SetEmergencyLocation { location: Some(location) }
        }
        "tag" => Act::Tag { tags: tags() },
        "untag" => Act::Untag { tags: vec![value.to_owned()] },
        "reserve" => Act::Reserve { note: note.to_owned() },
        "unreserve" => Act::Unreserve,
        "release" => Act::RequestRelease { note: said },
        "retry" => Act::Retry,
        _ => return Err(malformed().into()),
    })
}

#[cfg(feature = "ssr")]
fn done(lang: Lang, act: &Act) -> Flash {
    let told = || tr!(in lang, "numbers.act.told");
    match act {
        Act::SetUsage { .. } => Flash::done(tr!(in lang, "numbers.act.usage_done")).text(told()),
        Act::SetEmergencyLocation { .. } => Flash::done(tr!(in lang, "numbers.act.location_done")).text(told()),
        Act::RequestRelease { .. } => Flash::done(tr!(in lang, "numbers.act.release_done")).text(told()),
        Act::Retry => Flash::done(tr!(in lang, "numbers.act.retry_done")).text(told()),
        Act::Reserve { .. } => Flash::done(tr!(in lang, "numbers.act.reserve_done")),
        Act::Unreserve => Flash::done(tr!(in lang, "numbers.act.unreserve_done")),
        Act::Untag { .. } => Flash::done(tr!(in lang, "numbers.act.untag_done")),
        Act::Tag { .. } => Flash::done(tr!(in lang, "numbers.act.tag_done")),
        Act::Assign { .. } | Act::Unassign { .. } | Act::SetCategory { .. } => {
            Flash::done(tr!(in lang, "numbers.act.category_done"))
        }
    }
}

/// One of the forms of a number's page. `act`: `usage`, `category`, `location`, `tag`, `untag`, `reserve`, `unreserve`,
/// `release` or `retry`; `value`: the word chosen, the address's id, the tags; `note`: of a reservation or a release.
#[server]
pub async fn act_on_number(
    #[server(default)] slug: String,
    #[server(default)] e164: String,
    #[server(default)] version: String,
    #[server(default)] act: String,
    #[server(default)] value: String,
    #[server(default)] note: String,
) -> Result<(), FormError> {
    let here = format!("/t/{slug}/numbers/{e164}");
    let fields = vec![("act".to_owned(), act.clone()), ("value".to_owned(), value.clone()), ("note".to_owned(), note.clone())];
    let result = async {
        let (ctx, store) = server_ctx(OrgKind::Tenant, &slug)?;
        let lang = lang()?;
        let number = E164::parse(&e164).map_err(|_| Problem::not_found("number"))?;
        let act = read(&act, &value, &note)?;
        // What is the tenant's alone merges; only what the operator is told of rests on what the person saw.
        let version = version.parse().ok().filter(|_| act.is_told());
        let flash = done(lang, &act);
        acts::act(&store, &ctx, Asked { e164: number.to_string(), act, version }).await?;
        Ok(Redirect::with(here.clone(), flash))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &here, fields).await
}

/// Adds an address to the book, or with `id` changes one.
#[server]
pub async fn save_place(
    #[server(default)] slug: String,
    #[server(default)] id: String,
    #[server(default)] label: String,
    #[server(default)] street: String,
    #[server(default)] number: String,
    #[server(default)] postal_code: String,
    #[server(default)] city: String,
    #[server(default)] country: String,
    #[server(default)] additional: String,
) -> Result<(), FormError> {
    let book = format!("/t/{slug}/locations");
    let back = if id.is_empty() { format!("{book}/new") } else { format!("{book}/{id}") };
    let fields = [
        ("label", &label),
        ("street", &street),
        ("number", &number),
        ("postal_code", &postal_code),
        ("city", &city),
        ("country", &country),
        ("additional", &additional),
    ]
    .map(|(name, value)| (name.to_owned(), value.clone()))
    .to_vec();
    let result = async {
        let (ctx, store) = server_ctx(OrgKind::Tenant, &slug)?;
        let lang = lang()?;
        let input = PlaceIn { label, street, house_number: number, postal_code, city, country, additional: Some(additional) };
        if id.is_empty() {
            places::add(&store, &ctx, &input).await?;
            return Ok(Redirect::with(book.clone(), Flash::done(tr!(in lang, "numbers.places.added"))));
        }
        let saved = places::change(&store, &ctx, id_param(&id, "location")?, &input).await?;
        let (moved, left) = (i64::try_from(saved.moved).unwrap_or(0), i64::try_from(saved.left).unwrap_or(0));
        let text = match (moved, left) {
            (0, 0) => None,
            (moved, 0) => Some(trn!(in lang, "numbers.places.moved", moved)),
            (_, left) => Some(trn!(in lang, "numbers.places.left", left)),
        };
        let flash = Flash::done(tr!(in lang, "numbers.places.saved"));
        Ok(Redirect::with(book.clone(), text.into_iter().fold(flash, Flash::text)))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &back, fields).await
}

/// Takes an address out of the book.
#[server]
pub async fn delete_place(#[server(default)] slug: String, #[server(default)] id: String) -> Result<(), FormError> {
    let book = format!("/t/{slug}/locations");
    let result = async {
        let (ctx, store) = server_ctx(OrgKind::Tenant, &slug)?;
        let lang = lang()?;
        places::delete(&store, &ctx, id_param(&id, "location")?).await?;
        Ok(Redirect::with(book.clone(), Flash::done(tr!(in lang, "numbers.places.deleted"))))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &format!("{book}/{id}"), Vec::new()).await
}

/// Sets the tenant's default quarantine. `rest`: `0` none, `-1` for ever, `days` for as many as `days` says.
#[server]
pub async fn save_quarantine(
    #[server(default)] slug: String,
    #[server(default)] rest: String,
    #[server(default)] days: String,
) -> Result<(), FormError> {
    let here = format!("/t/{slug}/settings");
    let fields = vec![("rest".to_owned(), rest.clone()), ("days".to_owned(), days.clone())];
    let result = async {
        let (ctx, store) = server_ctx(OrgKind::Tenant, &slug)?;
        let lang = lang()?;
        let days = super::quarantine_days(&rest, &days)?.unwrap_or(0);
        settings::set_quarantine(&store, &ctx, days).await?;
        Ok(Redirect::with(here.clone(), Flash::done(tr!(in lang, "numbers.settings.saved"))))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &here, fields).await
}
