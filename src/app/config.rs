//! Flags and their environment variables: one struct, no files.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use clap::Parser;
use clap::Subcommand;
use clap::ValueEnum;
use ipnet::IpNet;

/// Where a calling platform and its telephone carriers exchange data.
#[derive(Debug, Parser)]
#[command(name = "concord", version, about)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub verb: Verb,
}

/// What every verb takes.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// Postgres to use; without it an embedded cluster in the data directory.
    #[arg(long, env = "DATABASE_URL", global = true, hide_env_values = true)]
    pub database_url: Option<String>,
    /// Where the embedded cluster and keys live.
    #[arg(long, env = "CONCORD_DATA_DIR", default_value = "data", global = true)]
    pub data_dir: PathBuf,
    /// Folder with initdb, postgres and pg_ctl.
    #[arg(long, env = "CONCORD_PG_BIN", global = true)]
    pub pg_bin: Option<PathBuf>,
    /// Key that seals stored secrets, base64 of 32 bytes; without it one is made and kept in the data directory. Several, separated
    /// by commas: the first seals, any opens. To replace a key give `old,new` to every process, then `new,old`, then `new` alone.
    #[arg(long, env = "CONCORD_SECRET_KEY", global = true, hide_env_values = true)]
    pub secret_key: Option<String>,
    /// Connections to Postgres at most.
    #[arg(long, env = "CONCORD_POOL_SIZE", default_value_t = 24, global = true)]
    pub pool_size: u32,
    /// How log lines look.
    #[arg(long, env = "CONCORD_LOG_FORMAT", value_enum, default_value_t = LogFormat::Json, global = true)]
    pub log_format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Json,
    Text,
}

/// Which part of the work this process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    Web,
    Jobs,
    All,
}

/// Settings of `serve` and `demo`.
#[derive(Clone, Debug, Args)]
pub struct Serve {
    /// Address to listen on.
    #[arg(long, env = "CONCORD_LISTEN", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,
    /// What this process does.
    #[arg(long, env = "CONCORD_ROLE", value_enum, default_value_t = Role::All)]
    pub role: Role,
    /// Address under which people and programs reach this site; https turns secure cookies on. With /oauth/token behind it, it is the
    /// audience that signed assertions of API clients name.
    #[arg(long, env = "CONCORD_PUBLIC_URL")]
    pub public_url: Option<String>,
    /// Proxies whose X-Forwarded-For is believed.
    #[arg(long, env = "CONCORD_TRUSTED_PROXY", value_delimiter = ',')]
    pub trusted_proxy: Vec<IpNet>,
    /// Address ranges that endpoints may use although they are internal, with plain http.
    #[arg(long, env = "CONCORD_ALLOW_ENDPOINT_CIDR", value_delimiter = ',')]
    pub allow_endpoint_cidr: Vec<IpNet>,
    /// Waits between tries of a delivery: `5s,30s,5m,…`.
    #[arg(long, env = "CONCORD_RETRY_SCHEDULE")]
    pub retry_schedule: Option<String>,
    /// Seconds that a delivery belongs to the process that began it; of one that was killed another takes it then.
    #[arg(long, env = "CONCORD_DELIVERY_LEASE_S", default_value_t = 60, value_parser = clap::value_parser!(u16).range(20..=600))]
    pub delivery_lease_s: u16,
    /// Plants a bug, by its number from 1, to prove that it is found.
    #[cfg(feature = "chaos")]
    #[arg(long, env = "CONCORD_PLANT")]
    pub plant: Option<usize>,
    /// Calls per second of one API client.
    #[arg(long, env = "CONCORD_RATE_LIMIT", default_value_t = 100)]
    pub rate_limit: u32,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Web and jobs.
    Serve(Serve),
    /// A seeded portal with a simulated operator, on a loopback address only.
    Demo(Demo),
    /// Brings the schema up to date.
    Migrate,
    /// Fills an empty database with the demo's data.
    Seed(Seed),
    /// Receives webhooks and acts as the demo's operators.
    SimulateOperator(Simulate),
    /// Prints the OpenAPI document.
    Openapi,
    /// Proves the chains and finds orphans.
    Check,
    /// Customers.
    #[command(subcommand)]
    Tenant(TenantVerb),
    /// Carriers.
    #[command(subcommand)]
    Operator(OperatorVerb),
    /// People.
    #[command(subcommand)]
    Account(AccountVerb),
    /// Machines.
    #[command(subcommand)]
    Client(ClientVerb),
    /// First stocks by CSV file: what is right goes in, what is not is listed.
    #[command(subcommand)]
    Import(ImportVerb),
}

/// Settings of `demo`.
#[derive(Clone, Debug, Args)]
pub struct Demo {
    #[command(flatten)]
    pub serve: Serve,
    #[command(flatten)]
    pub seed: Seed,
    /// Without the simulated operator.
    #[arg(long)]
    pub quiet_operator: bool,
}

/// Settings of `seed`.
#[derive(Clone, Copy, Debug, Args)]
pub struct Seed {
    /// The same seed on the same day gives the same data.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// 1.0 is about 2,000 numbers and 60,000 calls.
    #[arg(long, default_value_t = 1.0)]
    pub scale: f64,
}

/// Settings of `simulate-operator`.
#[derive(Clone, Debug, Args)]
pub struct Simulate {
    /// The demo.json of a running demo.
    #[arg(long)]
    pub demo_json: PathBuf,
    /// Address to receive webhooks on.
    #[arg(long, default_value = "127.0.0.1:3100")]
    pub listen: SocketAddr,
}

#[derive(Debug, Subcommand)]
pub enum TenantVerb {
    /// Adds a customer.
    Add {
        #[arg(long)]
        slug: String,
        #[arg(long)]
        name: String,
        /// ISO 3166-1 alpha-2.
        #[arg(long)]
        country: String,
        #[arg(long, default_value = "UTC")]
        time_zone: String,
        #[arg(long)]
        sip_domain: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum OperatorVerb {
    /// Adds a carrier.
    Add {
        #[arg(long)]
        slug: String,
        #[arg(long)]
        name: String,
        #[arg(long, default_value = "UTC")]
        time_zone: String,
        #[arg(long, value_delimiter = ',')]
        countries: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum AccountVerb {
    /// Adds a person to an organisation; the password is read from CONCORD_PASSWORD.
    Add {
        #[arg(long)]
        email: String,
        #[arg(long)]
        name: String,
        /// `tenant/<slug>`, `operator/<slug>` or `platform`.
        #[arg(long)]
        org: String,
        #[arg(long)]
        role: String,
        #[arg(long, env = "CONCORD_PASSWORD", hide_env_values = true)]
        password: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum ClientVerb {
    /// Adds an API client and prints its secret once.
    Add {
        /// `tenant/<slug>`, `operator/<slug>` or `platform`.
        #[arg(long)]
        org: String,
        #[arg(long)]
        name: String,
        /// All scopes of the organisation when left out.
        #[arg(long, value_delimiter = ',')]
        scopes: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum ImportVerb {
    /// Numbers into an operator's stock, with the columns of its upload page.
    Numbers {
        /// The operator's slug.
        #[arg(long)]
        operator: String,
        file: PathBuf,
    },
    /// People and accounts of a tenant; who is not in the file has left.
    Targets {
        /// The tenant's slug.
        #[arg(long)]
        tenant: String,
        /// Only adds and changes: nobody leaves.
        #[arg(long)]
        merge: bool,
        file: PathBuf,
    },
    /// Who has which number already: e164, target_id, category, assigned_at.
    Assignments {
        /// The tenant's slug.
        #[arg(long)]
        tenant: String,
        file: PathBuf,
    },
}
