//! `demo.json`: what tests, benches and people need to know of a running demo. It holds secrets, which is why it exists only
//! in demo mode, on a loopback address.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;
use serde::Serialize;
use uuid::Uuid;

/// Somebody who signs in; one entry per organisation they belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoAccount {
    pub email: String,
    pub password: String,
    /// Base32, when the account asks for a code.
    pub totp_secret: Option<String>,
    pub name: String,
    /// `tenant`, `operator` or `platform`.
    pub org_kind: String,
    pub org_id: Uuid,
    pub org_slug: String,
    pub role: String,
}

/// An API client, with all scopes of its kind of organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoClient {
    pub client_id: String,
    pub client_secret: String,
    pub org_kind: String,
    pub org_id: Uuid,
    pub org_slug: String,
    pub scopes: Vec<String>,
}

/// A carrier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoOperator {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    pub time_zone: String,
    /// Takes its events by pull and has no endpoint.
    pub pulls: bool,
}

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoTenant {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    pub country: String,
    pub time_zone: String,
    pub sip_domain: String,
}

/// An operator's endpoint at the simulated operator, with what its receiver needs to verify signatures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoEndpoint {
    pub operator_slug: String,
    pub url: String,
    /// `whsec_…`, for `v1`.
    pub secret: String,
    /// `whpk_…`, for `v1a`.
    pub public_key: String,
}

/// What the seed made, or found made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seeded {
    pub accounts: Vec<DemoAccount>,
    pub api_clients: Vec<DemoClient>,
    pub operators: Vec<DemoOperator>,
    pub tenants: Vec<DemoTenant>,
    pub endpoints: Vec<DemoEndpoint>,
}

/// The whole file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoFile {
    /// Without a slash at the end.
    pub base_url: String,
    pub accounts: Vec<DemoAccount>,
    pub api_clients: Vec<DemoClient>,
    pub operators: Vec<DemoOperator>,
    pub tenants: Vec<DemoTenant>,
    /// Where the simulated operator listens; what it received stands at `/received`.
    pub simulator_url: Option<String>,
    pub endpoints: Vec<DemoEndpoint>,
    pub seed: u64,
}

impl DemoFile {
    /// Puts the file together.
    #[must_use]
    pub fn new(base_url: &str, simulator_url: Option<&str>, seed: u64, seeded: &Seeded) -> Self {
        Self {
            base_url: base_url.trim_end_matches('/').to_owned(),
            accounts: seeded.accounts.clone(),
            api_clients: seeded.api_clients.clone(),
            operators: seeded.operators.clone(),
            tenants: seeded.tenants.clone(),
            simulator_url: simulator_url.map(|url| url.trim_end_matches('/').to_owned()),
            endpoints: seeded.endpoints.clone(),
            seed,
        }
    }

    /// Writes `demo.json` into the data directory: whole or not at all, for nobody but its owner.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn write(&self, data_dir: &Path) -> anyhow::Result<()> {
        let (beside, path) = (data_dir.join("demo.json.new"), data_dir.join("demo.json"));
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        fs::write(&beside, text).with_context(|| format!("cannot write {}", beside.display()))?;
        only_for_owner(&beside)?;
        fs::rename(&beside, &path).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Reads a file that [`DemoFile::write`] wrote.
    ///
    /// # Errors
    /// When it is missing or not one of ours.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is not a demo.json", path.display()))
    }

    /// The client of an operator, by the operator's short name.
    #[must_use]
    pub fn operator_client(&self, slug: &str) -> Option<&DemoClient> {
        let operator = self.operators.iter().find(|operator| operator.slug == slug)?;
        self.api_clients.iter().find(|client| client.org_kind == "operator" && client.org_id == operator.id)
    }

    /// Who can sign in, as a table for a terminal.
    #[must_use]
    pub fn sign_ins(&self) -> String {
        let width = |cell: fn(&DemoAccount) -> &str| self.accounts.iter().map(|a| cell(a).chars().count()).max().unwrap_or(0);
        let (email, password, org) = (width(|a| &a.email), width(|a| &a.password), width(|a| &a.org_slug));
        let mut text = format!("Concord demo: {}\n\nSign in at {}/sign-in\n\n", self.base_url, self.base_url);
        let mut kind = "";
        for account in &self.accounts {
            if account.org_kind != kind {
                kind = &account.org_kind;
                // Cannot fail, here and below: it grows a string.
                let _ = writeln!(text, "  {kind}");
            }
            let _ = writeln!(
                text,
                "    {:email$}  {:password$}  {:org$}  {}",
                account.email, account.password, account.org_slug, account.role
            );
        }
        if let Some(url) = &self.simulator_url {
            let _ = writeln!(text, "\nSimulated operator: {url}/received");
        }
        text.push_str("API clients with their secrets: demo.json in the data directory\n");
        text
    }
}

#[cfg(unix)]
fn only_for_owner(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o600))?)
}

#[cfg(not(unix))]
fn only_for_owner(_: &Path) -> anyhow::Result<()> {
    Ok(())
}
