//! What handlers share.

use std::time::Duration;

use axum::extract::FromRef;
use ipnet::IpNet;
use leptos::config::LeptosOptions;

use crate::identity::TokenAddresses;
use crate::notices::Notices;
use crate::store::Store;

/// Settings of the web part.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Served over https: secure cookies, HSTS.
    pub https: bool,
    /// Whose X-Forwarded-For is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Calls per second of one API client.
    pub rate_limit: u32,
    /// What an API client's assertion names as its audience.
    pub token_addresses: TokenAddresses,
    /// How long until an answer begins, and between two pieces of one.
    pub timeout: Duration,
}

/// The state of the router.
#[derive(Clone, Debug)]
pub struct App {
    pub store: Store,
    /// Signing, guard, client and schedule of deliveries.
    pub notices: Notices,
    pub leptos: LeptosOptions,
    pub settings: Settings,
}

impl FromRef<App> for Store {
    fn from_ref(app: &App) -> Self {
        app.store.clone()
    }
}

impl FromRef<App> for LeptosOptions {
    fn from_ref(app: &App) -> Self {
        app.leptos.clone()
    }
}
