//! Notice texts as the platform keeps them: versions, a draft in both languages, publishing. A published text is never changed.

use sha2::Digest as _;
use sha2::Sha256;
use sqlx::PgConnection;

use super::model::Notice;
use super::queries_notices;
use super::queries_notices::DraftRow;
use super::queries_notices::VersionRow;
use crate::audit;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Org;
use crate::base::Problem;
use crate::base::Scope;
use crate::store::Store;

/// Most signs of a text.
pub(super) const SIGNS: usize = 40_000;

/// Not to be taken for a version: pages stand there.
const ADDRESSES: [&str; 2] = ["new", "draft"];

/// What the platform's people may: refuses others, and those without the scope.
fn platform(ctx: &Ctx, scope: Scope) -> Result<(), Failure> {
    if ctx.org != Org::Platform {
        return Err(Problem::new(403, "wrong_org_kind", "This belongs to the platform.").into());
    }
    ctx.require(scope)
}

/// Every version, newest first, and the draft.
///
/// # Errors
/// 403 for who is not of the platform.
pub(super) async fn overview(store: &Store, ctx: &Ctx) -> Result<(Vec<VersionRow>, Vec<DraftRow>), Failure> {
    platform(ctx, Scope::PlatformDirectory)?;
    let mut tx = store.begin_job().await?;
    let versions = queries_notices::versions(&mut tx).await?;
    let draft = queries_notices::draft(&mut tx).await?;
    tx.commit().await?;
    Ok((versions, draft))
}

/// A version in both languages, and the one in force before it.
///
/// # Errors
/// 403 for who is not of the platform, 404 for a version that is not published.
pub(super) async fn version(store: &Store, ctx: &Ctx, version: &str) -> Result<(Vec<Notice>, Vec<Notice>), Failure> {
    platform(ctx, Scope::PlatformDirectory)?;
    let mut tx = store.begin_job().await?;
    let texts = queries_notices::texts(&mut tx, version).await?;
    let before = match queries_notices::version_before(&mut tx, version).await? {
        Some(before) => queries_notices::texts(&mut tx, &before).await?,
        None => Vec::new(),
    };
    tx.commit().await?;
    if texts.is_empty() { Err(Problem::not_found("version").into()) } else { Ok((texts, before)) }
}

/// The draft in both languages, and the text in force.
///
/// # Errors
/// 403 for who may not publish.
pub(super) async fn draft(store: &Store, ctx: &Ctx) -> Result<(Vec<DraftRow>, Vec<Notice>), Failure> {
    platform(ctx, Scope::PlatformAdmin)?;
    let mut tx = store.begin_job().await?;
    let draft = queries_notices::draft(&mut tx).await?;
    let newest = match queries_notices::versions(&mut tx).await?.first() {
        Some(newest) => queries_notices::texts(&mut tx, &newest.version).await?,
        None => Vec::new(),
    };
    tx.commit().await?;
    Ok((draft, newest))
}

/// What a draft is made of.
#[derive(Clone, Debug, Default)]
pub(super) struct DraftIn {
    pub(super) version: String,
    /// Title and body, English then German.
    pub(super) texts: [(String, String); 2],
}

/// Line ends as the digest is taken over them: LF, none at the end.
pub(super) fn tidied(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").trim().to_owned()
}

/// Keeps the draft of the next version; one that was kept is written over.
///
/// # Errors
/// 403 for who may not publish, 422 `notice_invalid` with every field that is wrong.
pub(super) async fn save_draft(store: &Store, ctx: &Ctx, given: DraftIn) -> Result<(), Failure> {
    platform(ctx, Scope::PlatformAdmin)?;
    let version = given.version.trim();
    let mut problem = Problem::new(422, "notice_invalid", "The text is not complete.");
    let fits = |text: &str| {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
        (1..=20).contains(&text.len())
            && text.chars().all(word)
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && !ADDRESSES.contains(&text)
    };
    if !fits(version) {
        let fix = "1 to 20 letters, digits, dots and hyphens, such as 2027-01.";
        problem = problem.field("version", "version_invalid", Some(version.to_owned()), fix);
    }
    let mut rows = Vec::new();
    for (language, (title, body)) in ["en", "de"].into_iter().zip(&given.texts) {
        let (title, body) = (title.trim().to_owned(), tidied(body));
        if !(1..=200).contains(&title.chars().count()) {
            problem = problem.field(&format!("title_{language}"), "title_invalid", None, "A title has 1 to 200 signs.");
        }
        if !(1..=SIGNS).contains(&body.chars().count()) {
            let fix = format!("A text has 1 to {SIGNS} signs.");
            problem = problem.field(&format!("body_{language}"), "text_invalid", None, fix);
        }
        let (saved_by, saved_at) = (ctx.actor.label().to_owned(), ctx.now());
        rows.push(DraftRow { language: language.to_owned(), version: version.to_owned(), title, body, saved_by, saved_at });
    }
    let mut tx = store.begin_job().await?;
    if queries_notices::is_published(&mut tx, version).await? {
        let fix = "This version is published and never changes. Take another name.";
        problem = problem.field("version", "version_taken", Some(version.to_owned()), fix);
    }
    if !problem.errors.is_empty() {
        return Err(problem.into());
    }
    for row in &rows {
        queries_notices::put_draft(&mut tx, row).await?;
    }
    note(&mut tx, ctx, "notice.draft_saved", version, &digest_of(&rows)).await?;
    tx.commit().await?;
    Ok(())
}

/// Writes down what became of a version: `digest` is [`digest_of`] its texts.
async fn note(conn: &mut PgConnection, ctx: &Ctx, action: &'static str, version: &str, digest: &str) -> Result<(), Failure> {
    let detail = Some(serde_json::json!({ "digest": digest }));
    audit::record(conn, ctx, audit::Entry { action, subject_kind: "notice", subject_id: version, detail }).await
}

/// Throws the draft away.
///
/// # Errors
/// 403 for who may not publish.
pub(super) async fn drop_draft(store: &Store, ctx: &Ctx) -> Result<(), Failure> {
    platform(ctx, Scope::PlatformAdmin)?;
    let mut tx = store.begin_job().await?;
    let draft = queries_notices::draft(&mut tx).await?;
    if let Some(first) = draft.first() {
        queries_notices::drop_draft(&mut tx).await?;
        note(&mut tx, ctx, "notice.draft_dropped", &first.version, &digest_of(&draft)).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// The digest of a draft's texts as they were shown: what is published is what was read.
pub(super) fn digest_of(draft: &[DraftRow]) -> String {
    let mut hasher = Sha256::new();
    for row in draft {
        for part in [&row.language, &row.version, &row.title, &row.body] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part.as_bytes());
        }
    }
    super::words::hex(&hasher.finalize())
}

/// Publishes the draft: from now on every tenant is asked to read it. `shown`: [`digest_of`] the draft that was looked at.
///
/// # Errors
/// 403 for who may not publish, 404 without a draft, 409 `draft_changed` when somebody has saved another one since.
pub(super) async fn publish(store: &Store, ctx: &Ctx, shown: &str) -> Result<String, Failure> {
    platform(ctx, Scope::PlatformAdmin)?;
    let mut tx = store.begin_job().await?;
    let draft = queries_notices::draft(&mut tx).await?;
    let Some(first) = draft.first().cloned() else {
        return Err(Problem::not_found("draft").into());
    };
    if digest_of(&draft) != shown || draft.len() != 2 {
        return Err(Problem::new(409, "draft_changed", "Somebody has saved another draft since. Look at it again.").into());
    }
    let (by, at) = (ctx.actor.label(), ctx.now());
    for row in &draft {
        queries_notices::publish(&mut tx, row, &Sha256::digest(row.body.as_bytes()), by, at).await?;
    }
    queries_notices::drop_draft(&mut tx).await?;
    note(&mut tx, ctx, "notice.published", &first.version, shown).await?;
    tx.commit().await?;
    Ok(first.version)
}
