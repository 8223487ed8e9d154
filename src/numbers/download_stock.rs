//! Files in and out of the portal for people and stock: the tables as CSV, the template, and the upload of people.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::extract::Path;
use axum::extract::Request;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use bytes::Bytes;
use futures::stream;
use http::request::Parts;

use super::download::UPLOAD;
use super::download::csv_piece;
use super::download::ctx_of;
use super::download::file;
use super::download::query_of;
use super::download::refusal;
use super::download::refused;
use super::download::see_other;
use super::pages_stock;
use super::pages_target_upload;
use super::reads::Way;
use super::stock;
use super::stock::GroupOut;
use super::target_uploads;
use crate::base::Failure;
use crate::base::Scope;
use crate::identity;
use crate::identity::OrgKind;
use crate::identity::UploadForm;
use crate::identity::sign_in_address;
use crate::store::Store;
use crate::transfers::Channel;

/// The routes of people and stock that are no pages.
pub fn routes() -> Router<Store> {
    Router::new()
        .route("/t/{slug}/stock.csv", get(tenant_stock))
        .route("/o/{slug}/stock.csv", get(operator_stock))
        .route("/t/{slug}/targets/template.csv", get(template))
        .route("/t/{slug}/targets/upload", post(upload).layer(DefaultBodyLimit::max(UPLOAD)))
}

async fn tenant_stock(State(store): State<Store>, Path(slug): Path<String>, parts: Parts) -> Response {
    let ctx = match ctx_of(&store, &parts, OrgKind::Tenant, &slug) {
        Ok(ctx) => ctx,
        Err(response) => return response,
    };
    let groups = stock::tenant_stock(&store, &ctx).await;
    groups.and_then(|groups| table(&parts, groups)).unwrap_or_else(|failure| refused(&parts, &failure))
}

async fn operator_stock(State(store): State<Store>, Path(slug): Path<String>, parts: Parts) -> Response {
    let ctx = match ctx_of(&store, &parts, OrgKind::Operator, &slug) {
        Ok(ctx) => ctx,
        Err(response) => return response,
    };
    let groups = stock::operator_stock(&store, &ctx, Way::Call(Channel::Export)).await;
    groups.and_then(|groups| table(&parts, groups)).unwrap_or_else(|failure| refused(&parts, &failure))
}

fn table(parts: &Parts, groups: Vec<stock::Group>) -> Result<Response, Failure> {
    let rows: Vec<GroupOut> = pages_stock::filtered(groups, &query_of(parts)).into_iter().map(GroupOut::from).collect();
    Ok(file("stock.csv", csv_piece(&stock::COLUMNS, &rows, true)?, stream::empty()))
}

async fn template(State(store): State<Store>, Path(slug): Path<String>, parts: Parts) -> Response {
    match ctx_of(&store, &parts, OrgKind::Tenant, &slug) {
        Ok(_) => file("people-template.csv", Bytes::from(pages_target_upload::template()), stream::empty()),
        Err(response) => response,
    }
}

/// Takes a file or pasted lines, keeps them, and leads to what a check of them says.
async fn upload(State(store): State<Store>, Path(slug): Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let back = format!("/t/{slug}/targets/upload");
    let ctx = match identity::ctx_for_slug(&parts, OrgKind::Tenant, &slug, &store.env) {
        Ok(ctx) => ctx,
        Err(failure) if failure.problem().code == "not_signed_in" => {
            return see_other(&sign_in_address(&back));
        }
        Err(failure) => return refused(&parts, &failure),
    };
    if let Err(failure) = ctx.require(Scope::TenantAssign) {
        return refused(&parts, &failure);
    }
    let mut form = UploadForm::default();
    let read = form.read(Request::from_parts(parts.clone(), body), 8).await;
    let kept = match (read, &form.file) {
        (Err(failure), _) => Err(failure),
        (Ok(()), Some((name, bytes))) => target_uploads::keep(&store, &ctx, name, bytes).await,
        (Ok(()), None) => target_uploads::keep(&store, &ctx, "", form.text("text").as_bytes()).await,
    };
    match kept {
        Ok(id) => see_other(&format!("{back}/{id}")),
        Err(failure) => {
            let flash = refusal(&parts, &store, &failure, &form);
            if let Err(failure) = identity::set_flash(&parts, flash).await {
                tracing::warn!(error = %failure, "a message could not be kept");
            }
            see_other(&back)
        }
    }
}
