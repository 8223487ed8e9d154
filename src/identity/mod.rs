//! Who is who: tenants, operators, accounts, memberships and roles, sessions, API clients and their tokens.
//!
//! **What.** Signing in and out of the portal, the HTTP edge of the machine API (`wire`), who looks at a page (`portal`),
//! `POST /oauth/token`, the request log, saved views of lists, and the verbs that make organisations and accounts.
//!
//! **Invariants.** Secrets, tokens and session ids are stored as hashes; passwords as Argon2id. A foreign organisation is 404,
//! never 403. A [`Ctx`](crate::base::Ctx) of a request is made here and nowhere else, so its scopes are those of the role or of
//! the token. An ended session, a revoked client or a disabled account counts from its next request on. A client proves who it is
//! by a secret, or by JWTs of its own key that are good once each ([`assertion`]); it is never left without a proof that works.
//!
//! **What it does not know.** Numbers, calls, consent: only which scopes a role has.

mod form_error;
mod forms;
mod forms_directory;
mod forms_keys;
mod forms_views;

#[cfg(feature = "ssr")]
mod actions;
#[cfg(feature = "ssr")]
mod actions_keys;
#[cfg(feature = "ssr")]
mod answer;
#[cfg(feature = "ssr")]
mod api;
#[cfg(feature = "ssr")]
mod api_directory;
#[cfg(feature = "ssr")]
mod assertion;
#[cfg(feature = "ssr")]
mod flash;
#[cfg(feature = "ssr")]
mod jobs;
#[cfg(feature = "ssr")]
mod log;
#[cfg(feature = "ssr")]
mod logos;
#[cfg(feature = "ssr")]
mod model;
#[cfg(feature = "ssr")]
mod pages;
#[cfg(feature = "ssr")]
mod pages_client;
#[cfg(feature = "ssr")]
mod pages_clients;
#[cfg(feature = "ssr")]
mod pages_requests;
#[cfg(feature = "ssr")]
mod pages_views;
#[cfg(feature = "ssr")]
mod password;
#[cfg(feature = "ssr")]
mod portal;
#[cfg(feature = "ssr")]
mod public_key;
#[cfg(feature = "ssr")]
mod queries;
#[cfg(feature = "ssr")]
mod queries_keys;
#[cfg(feature = "ssr")]
mod queries_requests;
#[cfg(feature = "ssr")]
mod queries_session;
#[cfg(feature = "ssr")]
mod queries_setup;
#[cfg(feature = "ssr")]
mod queries_setup_directory;
#[cfg(feature = "ssr")]
mod queries_setup_platform;
#[cfg(feature = "ssr")]
mod queries_views;
#[cfg(feature = "ssr")]
mod scope_words;
#[cfg(feature = "ssr")]
mod secret;
#[cfg(feature = "ssr")]
mod session;
#[cfg(feature = "ssr")]
mod setup;
#[cfg(feature = "ssr")]
mod setup_directory;
#[cfg(feature = "ssr")]
mod setup_platform;
#[cfg(feature = "ssr")]
mod tokens;
#[cfg(feature = "ssr")]
mod views;
#[cfg(feature = "ssr")]
mod wire;

#[cfg(all(test, feature = "ssr"))]
mod tests;

pub use form_error::FormError;
pub use forms::ChangePassword;
pub use forms::CreateClient;
pub use forms::EndSession;
pub use forms::RevokeClient;
pub use forms::SaveAccount;
pub use forms::SavePreference;
pub use forms::SignIn;
pub use forms::SignOut;
pub use forms::SignOutEverywhere;
pub use forms_directory::SaveOperator;
pub use forms_directory::SaveTenant;
pub use forms_keys::AddKey;
pub use forms_keys::EndSecret;
pub use forms_keys::RemoveKey;
pub use forms_views::DefaultView;
pub use forms_views::RemoveView;
pub use forms_views::RenameView;
pub use forms_views::SaveView;

#[cfg(feature = "ssr")]
mod door {
    pub use super::actions::Preferences;
    pub use super::actions::clients;
    pub use super::actions::create_client;
    pub use super::actions::end_session;
    pub use super::actions::own_sessions;
    pub use super::actions::revoke_client;
    pub use super::actions::sign_in;
    pub use super::actions::sign_out;
    pub use super::actions::sign_out_everywhere;
    pub use super::answer::Redirect;
    pub use super::answer::account_ctx;
    pub use super::answer::answer;
    pub use super::answer::server_ctx;
    pub use super::answer::server_parts;
    pub use super::answer::sign_in_address;
    pub use super::api::TokenAddresses;
    pub use super::api::api;
    pub use super::api_directory::directory_api;
    pub use super::flash::Flash;
    pub use super::jobs::HOUSEKEEPING;
    pub use super::jobs::REQUEST_LOG;
    pub use super::jobs::housekeeping;
    pub use super::jobs::write_request_log;
    pub use super::log::RequestLog;
    pub use super::logos::logo_routes;
    pub use super::model::Email;
    pub use super::model::OperatorRole;
    pub use super::model::OrgKind;
    pub use super::model::PlatformRole;
    pub use super::model::Role;
    pub use super::model::TenantRole;
    pub use super::model::is_slug;
    pub use super::model::safe_next;
    pub use super::pages::account_page;
    pub use super::pages::sign_in_page;
    pub use super::pages_client::client_page;
    pub use super::pages_client::end_secret_page;
    pub use super::pages_client::remove_key_page;
    pub use super::pages_clients::clients_page;
    pub use super::pages_clients::revoke_client_page;
    pub use super::pages_requests::requests_page;
    pub use super::pages_views::columns_menu;
    pub use super::pages_views::export_menu;
    pub use super::pages_views::views_menu;
    pub use super::portal::Membership;
    pub use super::portal::PageRequest;
    pub use super::portal::Signed;
    pub use super::portal::ctx_for_slug;
    pub use super::portal::ctx_of;
    pub use super::portal::id_param;
    pub use super::portal::load_session;
    pub use super::portal::must_be_signed;
    pub use super::portal::set_flash;
    pub use super::portal::signed;
    pub use super::portal::take_flash;
    pub use super::portal::viewer;
    pub use super::queries::Client;
    pub use super::queries::set_quarantine_days;
    pub use super::queries_session::OwnSession;
    pub use super::secret::Secret;
    pub use super::session::Sessions;
    pub use super::session::session_layer;
    pub use super::setup::NewAccount;
    pub use super::setup::NewClient;
    pub use super::setup::NewOperator;
    pub use super::setup::NewTenant;
    pub use super::setup::add_membership;
    pub use super::setup::all_client_scopes;
    pub use super::setup::all_orgs;
    pub use super::setup::create_account;
    pub use super::setup::create_client_for;
    pub use super::setup::create_operator;
    pub use super::setup::create_tenant;
    pub use super::setup::find_org;
    pub use super::setup_directory::Directory;
    pub use super::setup_directory::directory;
    pub use super::setup_platform::EMERGENCY_MODES;
    pub use super::setup_platform::OperatorPut;
    pub use super::setup_platform::SERVICES;
    pub use super::setup_platform::TenantPut;
    pub use super::setup_platform::put_operator;
    pub use super::setup_platform::put_tenant;
    pub use super::views::COLUMN_KEY;
    pub use super::views::ListViews;
    pub use super::views::SavedView;
    pub use super::views::VIEW_KEY;
    pub use super::views::saved_views;
    pub use super::wire::ApiCtx;
    pub use super::wire::ApiEdge;
    pub use super::wire::Bulk;
    pub use super::wire::BulkMedia;
    pub use super::wire::ClientAddress;
    pub use super::wire::Format;
    pub use super::wire::IfMatch;
    pub use super::wire::Json;
    pub use super::wire::Listing;
    pub use super::wire::OPEN_PATHS;
    pub use super::wire::Once;
    pub use super::wire::Paging;
    pub use super::wire::Path;
    pub use super::wire::ProblemCode;
    pub use super::wire::ProblemOut;
    pub use super::wire::Query;
    pub use super::wire::RateLimits;
    pub use super::wire::RequestId;
    pub use super::wire::RowErrorOut;
    pub use super::wire::UploadForm;
    pub use super::wire::Wait;
    pub use super::wire::api_edge;
    pub use super::wire::csv_cell;
    pub use super::wire::csv_file;
    pub use super::wire::csv_line;
    pub use super::wire::csv_value;
    pub use super::wire::current_request_id;
    pub use super::wire::etag;
    pub use super::wire::if_match;
    pub use super::wire::no_such_route;
    pub use super::wire::only_problems;
    pub use super::wire::request_id;
    pub use super::wire::store_instead;
    pub use super::wire::unpack;
}
#[cfg(feature = "ssr")]
pub use door::*;
