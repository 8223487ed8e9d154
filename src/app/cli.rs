//! The verbs of the command line.

use std::io::Write as _;

use anyhow::Context as _;
use anyhow::bail;
use clap::Parser;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use super::config::AccountVerb;
use super::config::Cli;
use super::config::ClientVerb;
use super::config::Common;
use super::config::Demo;
use super::config::LogFormat;
use super::config::OperatorVerb;
use super::config::Serve;
use super::config::Simulate;
use super::config::TenantVerb;
use super::config::Verb;
use super::demo::DemoFile;
use super::import;
use super::openapi;
use super::seed::SeedOptions;
use super::seed::seed;
use super::serve;
use super::serve::Base;
use super::simulate;
use super::simulate::Simulator;
use crate::audit;
use crate::base::Env;
use crate::base::Org;
use crate::base::ScopeSet;
use crate::consent;
use crate::identity;
use crate::identity::NewAccount;
use crate::identity::NewClient;
use crate::identity::NewOperator;
use crate::identity::NewTenant;
use crate::identity::OrgKind;
use crate::identity::Role;
use crate::notices::Policy;
use crate::store::ChainVerdict;
use crate::store::Reach;
use crate::store::Store;
use crate::transfers;

/// Runs the program.
///
/// # Errors
/// What went wrong, in words for the person at the terminal.
pub async fn run() -> anyhow::Result<()> {
    let Cli { common, verb } = Cli::parse();
    if let Verb::Openapi = verb {
        return say(&openapi::document()?);
    }
    log(common.log_format);
    match verb {
        Verb::Serve(options) => serve_until_stopped(&common, &options).await,
        Verb::Demo(options) => demonstrate(&common, options).await,
        Verb::SimulateOperator(options) => simulate_until_stopped(options).await,
        other => {
            let base = serve::open(&common).await?;
            let done = once(&base, other).await;
            base.stop().await;
            done
        }
    }
}

/// The one place that writes to standard output.
pub(super) fn say(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()?;
    Ok(())
}

fn log(format: LogFormat) {
    let filter = EnvFilter::try_from_env("CONCORD_LOG").unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,hyper=warn"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(false).init(),
        LogFormat::Text => builder.compact().init(),
    }
}

async fn serve_until_stopped(common: &Common, options: &Serve) -> anyhow::Result<()> {
    let base = serve::open(common).await?;
    let running = serve::start(&base.store, options).await?;
    serve::stop_signal().await?;
    tracing::info!("stopping");
    running.stop().await;
    base.stop().await;
    Ok(())
}

/// A seeded portal with a simulated operator beside it.
async fn demonstrate(common: &Common, mut options: Demo) -> anyhow::Result<()> {
    anyhow::ensure!(
        options.serve.listen.ip().is_loopback(),
        "the demo has well-known passwords, so it listens on a loopback address only, not on {}",
        options.serve.listen
    );
    options.serve.allow_endpoint_cidr = LOOPBACK.iter().filter_map(|net| net.parse().ok()).collect();
    options.serve.retry_schedule.get_or_insert_with(|| Policy::DEMO_RETRY.to_owned());
    let base = serve::open(common).await?;
    let served = run_demo(common, &base, &options).await;
    base.stop().await;
    served
}

/// What demo endpoints may use.
const LOOPBACK: [&str; 2] = ["127.0.0.0/8", "::1/128"];

async fn run_demo(common: &Common, base: &Base, options: &Demo) -> anyhow::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("an address for the simulated operator")?;
    let hooks = format!("http://{}", listener.local_addr()?);
    let seed_options =
        SeedOptions { seed: options.seed.seed, scale: options.seed.scale, calls: 1.0, hooks_base: Some(hooks.clone()) };
    let seeded = seed(&base.store, &seed_options).await?;
    let running = serve::start(&base.store, &options.serve).await?;
    let simulated = (!options.quiet_operator).then_some(hooks.as_str());
    let file = DemoFile::new(&format!("http://{}", running.address), simulated, options.seed.seed, &seeded);
    if options.quiet_operator {
        drop(listener);
    } else {
        let simulator = Simulator::new(base.store.env.clone(), &file)?;
        running.spawn(simulate::serve(simulator, listener, running.token()));
        running.spawn(simulate::feed(base.store.env.clone(), file.clone(), running.token()));
    }
    file.write(&common.data_dir)?;
    say(&file.sign_ins())?;
    serve::stop_signal().await?;
    tracing::info!("stopping");
    running.stop().await;
    Ok(())
}

async fn simulate_until_stopped(options: Simulate) -> anyhow::Result<()> {
    let file = DemoFile::read(&options.demo_json)?;
    let simulator = Simulator::new(Env::system(), &file)?;
    let listener = TcpListener::bind(options.listen).await.with_context(|| format!("listening on {}", options.listen))?;
    let stop = CancellationToken::new();
    let work = tokio::spawn(simulate::serve(simulator, listener, stop.clone()));
    serve::stop_signal().await?;
    stop.cancel();
    work.await?
}

/// Verbs that do one thing.
async fn once(base: &Base, verb: Verb) -> anyhow::Result<()> {
    let store = &base.store;
    match verb {
        Verb::Migrate => say("The schema is up to date."),
        Verb::Tenant(TenantVerb::Add { slug, name, country, time_zone, sip_domain }) => {
            let tenant = NewTenant {
                slug: &slug,
                name: &name,
                country: &country,
                time_zone: &time_zone,
                sip_domain: &sip_domain,
                quarantine_days: 30,
            };
            say(&identity::create_tenant(store, tenant).await?.to_string())
        }
        Verb::Operator(OperatorVerb::Add { slug, name, time_zone, countries }) => {
            let countries: Vec<&str> = countries.iter().map(String::as_str).collect();
            let operator = NewOperator {
                slug: &slug,
                name: &name,
                time_zone: &time_zone,
                countries: &countries,
                services: &[],
                website: None,
            };
            say(&identity::create_operator(store, operator).await?.to_string())
        }
        Verb::Account(AccountVerb::Add { email, name, org, role, password }) => {
            let org = find_org(store, &org).await?;
            let Some(role) = Role::parse(kind_of(org), &role) else {
                bail!("there is no role {role} for this kind of organisation");
            };
            let account = NewAccount { email: &email, name: &name, password: password.as_deref(), language: None, time_zone: None };
            let id = identity::create_account(store, account).await?;
            identity::add_membership(store, id, org, role).await?;
            say(&id.to_string())
        }
        Verb::Client(ClientVerb::Add { org, name, scopes }) => {
            let org = find_org(store, &org).await?;
            let scopes = if scopes.is_empty() {
                identity::all_client_scopes(org)
            } else {
                ScopeSet::parse(scopes.iter().map(String::as_str))
            };
            let (id, secret) =
                identity::create_client_for(store, org, NewClient { id: None, name: &name, scopes, secret: None }).await?;
            say(&format!("client_id {id}\nclient_secret {}", secret.reveal()))
        }
        Verb::Import(verb) => import::import(store, verb).await,
        Verb::Check => check(store).await,
        Verb::Seed(options) => {
            let options = SeedOptions { seed: options.seed, scale: options.scale, calls: 1.0, hooks_base: None };
            let seeded = seed(store, &options).await?;
            say(&DemoFile::new("", None, options.seed, &seeded).sign_ins())
        }
        Verb::Serve(_) | Verb::Demo(_) | Verb::SimulateOperator(_) | Verb::Openapi => Ok(()),
    }
}

/// Proves every organisation's chains.
async fn check(store: &Store) -> anyhow::Result<()> {
    let mut faults = 0;
    for (org, name) in identity::all_orgs(store).await? {
        let mut tx = store.begin(Reach::of(org)).await?;
        let mut verdicts =
            vec![("register", transfers::verify(&mut tx, org.id()).await?), ("audit", audit::verify(&mut tx, org.id()).await?)];
        if let Org::Tenant(tenant) = org {
            verdicts.push(("consent", consent::verify(&mut tx, tenant).await?));
        }
        for (chain, verdict) in verdicts {
            let ChainVerdict { entries, sealed_to, erased, expired, head, problems } = verdict;
            say(&format!(
                "{name}: {chain} {entries} entries to {sealed_to}, {erased} erased, {expired} expired, {} faults, head {head}",
                problems.len()
            ))?;
            for (entry, fault) in &problems {
                let entry = entry.map_or_else(|| "an entry of which nothing is left".to_owned(), |id| id.to_string());
                say(&format!("{name}: {chain} {entry} {}", fault.as_str()))?;
            }
            faults += problems.len();
        }
        tx.commit().await?;
    }
    anyhow::ensure!(faults == 0, "{faults} faults");
    Ok(())
}

fn kind_of(org: Org) -> OrgKind {
    match org {
        Org::Tenant(_) => OrgKind::Tenant,
        Org::Operator(_) => OrgKind::Operator,
        Org::Platform => OrgKind::Platform,
    }
}

/// `tenant/<slug>`, `operator/<slug>` or `platform`.
pub(super) async fn find_org(store: &Store, text: &str) -> anyhow::Result<Org> {
    let found: Option<Org> = match text.split_once('/') {
        None if text == "platform" => Some(Org::Platform),
        Some(("tenant", slug)) => identity::find_org(store, OrgKind::Tenant, slug).await?,
        Some(("operator", slug)) => identity::find_org(store, OrgKind::Operator, slug).await?,
        _ => bail!("name the organisation as tenant/<slug>, operator/<slug> or platform"),
    };
    found.with_context(|| format!("there is no {text}"))
}
