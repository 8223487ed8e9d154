//! Server functions of the endpoints' and events' buttons. Each ends in a redirect with a message.

use leptos::prelude::*;

use crate::identity::FormError;

#[cfg(feature = "ssr")]
mod ssr {
    pub(super) use leptos::prelude::use_context;

    pub(super) use super::super::EndpointIn;
    pub(super) use super::super::EndpointPatch;
    pub(super) use super::super::Notices;
    pub(super) use super::super::RecoverIn;
    pub(super) use super::super::actions;
    pub(super) use super::super::actions_feed;
    pub(super) use super::super::actions_recover;
    pub(super) use super::super::pages_parts::Paths;
    pub(super) use super::super::pages_parts::answer_mark;
    pub(super) use super::super::pages_recover::KEYS;
    pub(super) use crate::base::Ctx;
    pub(super) use crate::base::EndpointId;
    pub(super) use crate::base::EventId;
    pub(super) use crate::base::Failure;
    pub(super) use crate::base::Problem;
    pub(super) use crate::identity::Flash;
    pub(super) use crate::identity::IfMatch;
    pub(super) use crate::identity::OrgKind;
    pub(super) use crate::identity::Redirect;
    pub(super) use crate::identity::answer;
    pub(super) use crate::identity::server_ctx;
    pub(super) use crate::store::Store;
    pub(super) use crate::tr;
    pub(super) use crate::trn;
    pub(super) use crate::ui::Query;
    pub(super) use crate::ui::Tone;
    pub(super) use crate::ui::lang;

    /// Who presses a button of an operator's pages.
    pub(super) fn enter(slug: &str) -> Result<(Ctx, Store), Failure> {
        server_ctx(OrgKind::Operator, slug)
    }

    /// What reaches endpoints.
    pub(super) fn notices() -> Result<Notices, Failure> {
        Ok(use_context::<Notices>().ok_or_else(|| anyhow::anyhow!("notices are not provided"))?)
    }

    pub(super) fn endpoint_id(text: &str) -> Result<EndpointId, Failure> {
        text.parse().map_err(|_| Problem::not_found("endpoint").into())
    }

    /// A number field: empty takes the default, what is no number stays wrong.
    pub(super) fn figure(text: &str) -> Option<i64> {
        let text = text.trim();
        if text.is_empty() { None } else { Some(text.parse().unwrap_or(0)) }
    }

    /// The form's input, to be typed only once.
    pub(super) fn typed(single: &[(&str, &str)], types: &[String]) -> Vec<(String, String)> {
        let single = single.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        single.chain(types.iter().map(|kind| ("event_types".to_owned(), kind.clone()))).collect()
    }
}
#[cfg(feature = "ssr")]
use ssr::*;

/// Makes an endpoint; its page shows the secret once. No type ticked: all types.
#[server]
pub async fn create_endpoint(
    #[server(default)] slug: String,
    #[server(default)] url: String,
    #[server(default)] description: String,
    #[server(default)] event_types: Vec<String>,
    #[server(default)] signature: String,
    #[server(default)] max_in_flight: String,
    #[server(default)] confirms: String,
) -> Result<(), FormError> {
    let paths = Paths::in_slug(&slug);
    let single = [
        ("url", url.as_str()),
        ("description", &description),
        ("signature", &signature),
        ("max_in_flight", &max_in_flight),
        ("confirms", if confirms.is_empty() { "false" } else { "true" }),
    ];
    let fields = typed(&single, &event_types);
    let result = async {
        let (ctx, store) = enter(&slug)?;
        let input = EndpointIn {
            url: url.trim().to_owned(),
            description: Some(description),
            event_types: Some(event_types),
            signature: Some(signature).filter(|text| !text.is_empty()),
            max_in_flight: figure(&max_in_flight),
            confirms: Some(!confirms.is_empty()),
        };
        let made = actions::create_endpoint(&store, &notices()?, &ctx, input).await?;
        let flash = Flash::done(tr!("notices.done.created")).text(tr!("notices.done.created_text"));
        Ok(Redirect::with(paths.endpoint(made.endpoint.id), flash.showing(&store, &made.secret)?))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &format!("{}/new", paths.endpoints()), fields).await
}

/// Changes an endpoint; `version` is the one the form was made from.
#[server]
pub async fn update_endpoint(
    #[server(default)] slug: String,
    #[server(default)] id: String,
    #[server(default)] version: String,
    #[server(default)] url: String,
    #[server(default)] description: String,
    #[server(default)] event_types: Vec<String>,
    #[server(default)] signature: String,
    #[server(default)] max_in_flight: String,
    #[server(default)] confirms: String,
) -> Result<(), FormError> {
    let paths = Paths::in_slug(&slug);
    let single = [
        ("url", url.as_str()),
        ("description", &description),
        ("signature", &signature),
        ("max_in_flight", &max_in_flight),
        ("confirms", if confirms.is_empty() { "false" } else { "true" }),
    ];
    let fields = typed(&single, &event_types);
    let back = format!("{}/edit", paths.endpoint(&id));
    let result = async {
        let (ctx, store) = enter(&slug)?;
        let id = endpoint_id(&id)?;
        let if_match = version.parse().ok().map(|version| IfMatch::OneOf(vec![version]));
        let patch = EndpointPatch {
            url: Some(url.trim().to_owned()),
            description: Some(description),
            event_types: Some(event_types),
            signature: Some(signature).filter(|text| !text.is_empty()),
            max_in_flight: Some(figure(&max_in_flight).unwrap_or(0)),
            confirms: Some(!confirms.is_empty()),
        };
        actions::patch_endpoint(&store, &notices()?, &ctx, id, patch, if_match).await?;
        Ok(Redirect::with(paths.endpoint(id), Flash::done(tr!("notices.done.saved"))))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &back, fields).await
}

/// Deletes an endpoint with what waits for it; the feed keeps every event.
#[server]
pub async fn remove_endpoint(#[server(default)] slug: String, #[server(default)] id: String) -> Result<(), FormError> {
    let paths = Paths::in_slug(&slug);
    let result = async {
        let (ctx, store) = enter(&slug)?;
        actions::delete_endpoint(&store, &ctx, endpoint_id(&id)?, None).await?;
        Ok(Redirect::with(paths.endpoints(), Flash::done(tr!("notices.done.removed"))))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &paths.endpoint(&id), Vec::new()).await
}

/// Sends the challenge and makes the endpoint active when it answers it.
#[server]
pub async fn verify_endpoint(#[server(default)] slug: String, #[server(default)] id: String) -> Result<(), FormError> {
    let paths = Paths::in_slug(&slug);
    let result = async {
        let (ctx, store) = enter(&slug)?;
        actions::verify_endpoint(&store, &notices()?, &ctx, endpoint_id(&id)?).await?;
        Ok(Redirect::with(paths.endpoint(&id), Flash::done(tr!("notices.done.verified"))))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &paths.endpoint(&id), Vec::new()).await
}

/// Sends a test message and says what the endpoint answered.
#[server]
pub async fn test_endpoint(#[server(default)] slug: String, #[server(default)] id: String) -> Result<(), FormError> {
    let paths = Paths::in_slug(&slug);
    let result = async {
        let (ctx, store) = enter(&slug)?;
        let outcome = actions::test_endpoint(&store, &notices()?, &ctx, endpoint_id(&id)?).await?;
        let (tone, said) = answer_mark(lang(), outcome.status, outcome.error.as_deref());
        let title = if tone == Tone::Ok { tr!("notices.done.tested") } else { tr!("notices.done.test_failed") };
        let text = tr!("notices.done.tested_text", answer = said, ms = outcome.elapsed_ms);
        let mut flash = Flash::done(title).text(text);
        flash.tone = tone;
        Ok(Redirect::with(paths.endpoint(&id), flash))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &paths.endpoint(&id), Vec::new()).await
}

/// Makes a new secret; the old one stays valid for `grace_s` seconds.
#[server]
pub async fn rotate_secret(
    #[server(default)] slug: String,
    #[server(default)] id: String,
    #[server(default)] grace_s: String,
) -> Result<(), FormError> {
    let paths = Paths::in_slug(&slug);
    let result = async {
        let (ctx, store) = enter(&slug)?;
        // What is no number is refused like a number out of range.
        let seconds = grace_s.trim().parse().unwrap_or(-1);
        let made = actions::rotate_endpoint(&store, &ctx, endpoint_id(&id)?, seconds).await?;
        let flash = Flash::done(tr!("notices.done.rotated")).text(tr!("notices.done.rotated_text"));
        Ok(Redirect::with(paths.endpoint(&id), flash.showing(&store, &made.secret)?))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &paths.endpoint(&id), Vec::new()).await
}

/// Stops sending; everything waits in order.
#[server]
pub async fn pause_endpoint(#[server(default)] slug: String, #[server(default)] id: String) -> Result<(), FormError> {
    let paths = Paths::in_slug(&slug);
    let result = async {
        let (ctx, store) = enter(&slug)?;
        actions::pause_endpoint(&store, &ctx, endpoint_id(&id)?).await?;
        Ok(Redirect::with(paths.endpoint(&id), Flash::done(tr!("notices.done.paused"))))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &paths.endpoint(&id), Vec::new()).await
}

/// Sends again, from where it stopped.
#[server]
pub async fn resume_endpoint(#[server(default)] slug: String, #[server(default)] id: String) -> Result<(), FormError> {
    let paths = Paths::in_slug(&slug);
    let result = async {
        let (ctx, store) = enter(&slug)?;
        actions::resume_endpoint(&store, &ctx, endpoint_id(&id)?).await?;
        Ok(Redirect::with(paths.endpoint(&id), Flash::done(tr!("notices.done.resumed"))))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &paths.endpoint(&id), Vec::new()).await
}

/// Sends one event once more, to one endpoint or, without `endpoint`, to all that want it. `event`: its `evt_` id.
#[server]
pub async fn redeliver(
    #[server(default)] slug: String,
    #[server(default)] event: String,
    #[server(default)] endpoint: String,
) -> Result<(), FormError> {
    let paths = Paths::in_slug(&slug);
    let id = EventId::from_wire(&event);
    let back = id.map_or_else(|| paths.notifications(), |id| paths.event(id.0));
    let result = async {
        let (ctx, store) = enter(&slug)?;
        let id = id.ok_or_else(|| Problem::not_found("event"))?;
        let endpoint = if endpoint.is_empty() { None } else { Some(endpoint_id(&endpoint)?) };
        let asked = actions_feed::redeliver(&store, &ctx, id, endpoint).await?;
        Ok(Redirect::with(
            back.clone(),
            Flash::done(tr!("notices.done.redelivered")).text(trn!("notices.done.redelivered_to", asked)),
        ))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &back, Vec::new()).await
}

/// Has past events sent once more, as they were counted: `since` and `until` RFC 3339, `asked` the address to go back to.
#[server]
pub async fn recover_events(
    #[server(default)] slug: String,
    #[server(default)] id: String,
    #[server(default)] since: String,
    #[server(default)] after_seq: String,
    #[server(default)] until: String,
    #[server(default)] kind: String,
    #[server(default)] only: String,
    #[server(default)] at_most: String,
    #[server(default)] asked: String,
) -> Result<(), FormError> {
    let paths = Paths::in_slug(&slug);
    let back = Query::parse(&asked).only(&KEYS).href(&paths.recover(&id));
    let result = async {
        let (ctx, store) = enter(&slug)?;
        let wanted = RecoverIn {
            since: since.parse().ok(),
            after_seq: after_seq.parse().ok(),
            until: until.parse().ok(),
            event_types: Some(kind).filter(|kind| !kind.is_empty()).into_iter().collect(),
            only: Some(only).filter(|only| !only.is_empty()),
            dry_run: false,
            at_most: Some(at_most.parse().unwrap_or(0)),
        };
        let recovered = actions_recover::recover_endpoint(&store, &ctx, endpoint_id(&id)?, wanted).await?;
        let flash = Flash::done(tr!("notices.done.recovering")).text(trn!("notices.done.recovering_text", recovered.count));
        Ok(Redirect::with(paths.endpoint(&id), flash))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &back, Vec::new()).await
}
