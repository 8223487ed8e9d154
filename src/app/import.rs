//! `concord import`: first stocks by file, for who sets up the program.

use std::path::Path;

use anyhow::Context as _;
use tokio::fs;

use super::cli::find_org;
use super::cli::say;
use super::config::ImportVerb;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Org;
use crate::base::Scope;
use crate::base::TenantId;
use crate::numbers;
use crate::numbers::Imported;
use crate::store::Store;

/// Who the action log names.
const ACTOR: &str = "import";

/// Does one import.
///
/// # Errors
/// What is wrong with the file; or how many of its rows were refused, after each was told.
pub async fn import(store: &Store, verb: ImportVerb) -> anyhow::Result<()> {
    let ctx = |org, scope| Ctx::job(ACTOR, org, std::iter::once(scope).collect(), store.env.clone());
    match verb {
        ImportVerb::Numbers { operator, file } => {
            let org = find_org(store, &format!("operator/{operator}")).await?;
            let ctx = ctx(org, Scope::NumbersWrite);
            told(numbers::import_numbers(store, &ctx, &read(&file).await?).await)
        }
        ImportVerb::Targets { tenant, merge, file } => {
            let tenant = tenant_of(store, &tenant).await?;
            let ctx = ctx(Org::Platform, Scope::PlatformDirectory);
            let put = numbers::import_targets(store, &ctx, tenant, &read(&file).await?, merge).await.map_err(in_words)?;
            say(&format!("{} written, {} left, who hold {} numbers", put.written, put.left, put.left_numbers))
        }
        ImportVerb::Assignments { tenant, file } => {
            let tenant = tenant_of(store, &tenant).await?;
            let ctx = ctx(Org::Platform, Scope::PlatformDirectory);
            told(numbers::import_assignments(store, &ctx, tenant, &read(&file).await?).await)
        }
    }
}

async fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(file).await.with_context(|| format!("reading {}", file.display()))
}

async fn tenant_of(store: &Store, slug: &str) -> anyhow::Result<TenantId> {
    match find_org(store, &format!("tenant/{slug}")).await? {
        Org::Tenant(id) => Ok(id),
        Org::Operator(_) | Org::Platform => anyhow::bail!("there is no tenant/{slug}"),
    }
}

/// A refusal with all it says.
fn in_words(failure: Failure) -> anyhow::Error {
    let problem = failure.problem();
    let rows = problem.errors.iter().map(|wrong| {
        let row = wrong.row.map(|row| format!("row {row}: ")).unwrap_or_default();
        let value = wrong.value.as_deref().map(|value| format!(" \"{value}\"")).unwrap_or_default();
        format!("\n  {row}{}{value}: {}", wrong.field.as_deref().unwrap_or_default(), wrong.fix)
    });
    anyhow::anyhow!("{} ({}){}", problem.detail, problem.code, rows.collect::<String>())
}

fn told(imported: Result<Imported, Failure>) -> anyhow::Result<()> {
    let imported = imported.map_err(in_words)?;
    for row in &imported.rejected {
        let [code, field, value, fix] =
            [&row.code, &row.field, &row.value, &row.fix].map(|word| word.as_deref().unwrap_or_default());
        let value = if value.is_empty() { String::new() } else { format!(" \"{value}\"") };
        say(&format!("row {}: {} {code} {field}{value}: {fix}", row.row, row.e164))?;
    }
    say(&format!("{} went in, {} were refused", imported.accepted, imported.rejected.len()))?;
    anyhow::ensure!(
        imported.rejected.is_empty(),
        "{} rows were refused; mend them and import the file again",
        imported.rejected.len()
    );
    Ok(())
}
