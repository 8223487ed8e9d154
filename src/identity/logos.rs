//! Pictures of operators: `GET /logos/{slug}` for everybody who is signed in, `POST /p/operators/{id}/logo` for the platform.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::extract::Path;
use axum::extract::Request;
use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::response::Redirect;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use http::header;
use http::request::Parts;

use super::answer::sign_in_address;
use super::flash::Flash;
use super::model::OrgKind;
use super::portal;
use super::queries_setup_platform as queries;
use super::setup_platform;
use super::wire::UploadForm;
use crate::base::Failure;
use crate::base::Problem;
use crate::store::Reach;
use crate::store::Store;
use crate::tr;
use crate::ui::translate_any;

/// The routes of pictures.
pub fn logo_routes() -> Router<Store> {
    Router::new()
        .route("/logos/{slug}", get(logo))
        .route("/p/operators/{id}/logo", post(upload).layer(DefaultBodyLimit::max(1024 * 1024)))
}

async fn logo(State(store): State<Store>, Path(slug): Path<String>, parts: Parts) -> Response {
    let found = async {
        portal::must_be_signed(&parts)?;
        let mut tx = store.begin(Reach::Nobody).await?;
        let found = queries::logo(&mut tx, &slug).await?;
        tx.commit().await?;
        found.ok_or_else(|| Failure::from(Problem::not_found("picture")))
    };
    match found.await {
        // The address changes with the picture.
        Ok((bytes, kind)) => {
            let headers = [
                (header::CONTENT_TYPE, kind),
                (header::CACHE_CONTROL, "private, max-age=86400".to_owned()),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
                (header::CONTENT_SECURITY_POLICY, "default-src 'none'".to_owned()),
            ];
            (headers, bytes).into_response()
        }
        Err(failure) => failure.into_response(),
    }
}

async fn upload(State(store): State<Store>, Path(id): Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let back = format!("/p/operators/{id}");
    let lang = portal::viewer(&parts, &store.env).lang;
    let done = async {
        let ctx = portal::ctx_for_slug(&parts, OrgKind::Platform, "", &store.env)?;
        let id = portal::id_param(&id, "operator")?;
        ctx.require(crate::base::Scope::PlatformDirectory)?;
        let mut form = UploadForm::default();
        form.read(Request::from_parts(parts.clone(), body), 1).await?;
        let bytes = form.file.as_ref().map(|(_, bytes)| &bytes[..]);
        if bytes.is_none() && form.text("remove") != "true" {
            let fix = "Choose a PNG, JPEG or WebP of at most 64 KiB.";
            let problem = Problem::new(422, "logo_invalid", "No picture was sent.");
            return Err(problem.field("file", "logo_invalid", None, fix).into());
        }
        setup_platform::put_logo(&store, &ctx, id, bytes).await
    };
    let flash = match done.await {
        Ok(()) => Flash::done(tr!(in lang, "identity.directory.logo_saved")),
        Err(failure) => {
            let problem = failure.problem();
            match problem.code {
                "not_signed_in" => return Redirect::to(&sign_in_address(&back)).into_response(),
                "not_found" | "scope_missing" => return failure.into_response(),
                _ => {}
            }
            let text =
                translate_any(lang, &format!("problem.{}", problem.code)).map_or(problem.detail, std::borrow::Cow::into_owned);
            let mut flash = Flash::refused(&failure, tr!(in lang, "identity.refused.other"), text, Vec::new());
            for error in &mut flash.errors {
                if let Some(fix) = translate_any(lang, &format!("fix.{}", error.code)) {
                    error.fix = fix.into_owned();
                }
            }
            flash
        }
    };
    if let Err(failure) = portal::set_flash(&parts, flash).await {
        tracing::warn!(error = %failure, "a message could not be kept");
    }
    Redirect::to(&back).into_response()
}
