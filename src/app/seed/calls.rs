//! Thirty days of calls and durations, handed in through the doors that platform and operators use: nothing of it is written past
//! the product, so verdicts, pairs, usage and quality are its own.

mod lines;
mod month;
mod plants;
mod spoiled;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::HashSet;

use anyhow::Context as _;
use chrono::DateTime;
use chrono::NaiveTime;
use chrono::SubsecRound;
use chrono::TimeDelta;
use chrono::Utc;

use self::month::Made;
use self::month::Month;
use self::plants::Ledger;
use self::plants::Sent;
use super::Making;
use super::orgs::PLATFORM_CLIENT;
use super::plan::MOVED;
use super::plan::OPERATORS;
use super::plan::OperatorPlan;
use crate::app::simulate::LOOKS_BACK;
use crate::app::traffic::Carrier;
use crate::app::traffic::LineKind;
use crate::app::traffic::line_of;
use crate::base::Env;
use crate::base::Failure;
use crate::base::Scope;
use crate::calls;
use crate::calls::DurationFormat;
use crate::calls::DurationSource;
use crate::calls::SentDurations;
use crate::numbers::StockRows;
use crate::pairing;
use crate::quality;
use crate::store::Store;
use crate::store::ensure_partitions;
use crate::store::refresh_statistics;
use crate::usage;

/// So many whole days of calls stand before the last midnight.
pub const DAYS: i64 = 30;
/// After so many rows of a month the planner is told what its partitions are like.
const KNOWN: usize = 500;
/// Rows of one batch.
const BATCH: usize = 20_000;
/// How long after the calls their durations come.
const LATE: TimeDelta = TimeDelta::minutes(4);
/// Days ago that Albion forgot its batch and sent it a day late.
const FORGOT_DAYS: i64 = 12;
/// Days ago of the batches with rows that are refused.
const SPOILED_DAYS: i64 = 5;

/// Sends the month, and lets the product work through it.
pub async fn calls(making: &Making<'_>, rows: &StockRows) -> anyhow::Result<()> {
    for days in -2..=DAYS + 3 {
        ensure_partitions(making.store, making.base - TimeDelta::days(days)).await?;
    }
    let mut month = Month::new(making, rows);
    let mut ledger = Ledger::new(making.seed, making.base, making.tenant("saentis").0);
    let mut books: Vec<Sent> = Vec::new();
    let now = making.store.env.now();
    let spoiled_at = making.base - TimeDelta::days(SPOILED_DAYS);
    let (mut records, mut durations) = (0, 0);
    let mut months: HashMap<String, usize> = HashMap::new();
    for cut in cuts(making.base, now) {
        let mut made = month.until(cut);
        for made in &made {
            books.extend(ledger.rows(made));
        }
        if cut != spoiled_at {
            leave_overtaken(&mut made);
        }
        let mut lines: Vec<String> = made.iter().map(|made| line_of(&made.row)).collect();
        if cut == spoiled_at {
            books.extend(spoiled_durations(&month, rows, cut)?);
            lines.extend(spoiled_calls(making, &month, cut)?);
        }
        records += lines.len();
        send_calls(making, cut, &lines).await?;
        // What was counted in the last minutes is left to the simulated operators.
        if cut < now {
            durations += send_durations(making, cut, &mut books).await?;
        }
        let rows = months.entry((cut - TimeDelta::hours(12)).format("%Y%m").to_string()).or_default();
        let few = *rows < KNOWN;
        *rows += lines.len();
        if few && *rows >= KNOWN {
            look_again(making.store, months.keys()).await?;
        }
    }
    close_days(making).await?;
    look_again(making.store, months.keys()).await?;
    tracing::info!(records, durations, "the demo's calls are handed in");
    pairing::settle_all(making.store).await?;
    usage::settle_all(making.store).await?;
    tracing::info!("the demo's calls are paired and counted");
    quality::settle_all(making.store).await?;
    Ok(())
}

/// Tells the planner of the partitions of these months.
async fn look_again(store: &Store, months: impl Iterator<Item = &String>) -> Result<(), Failure> {
    let tables = months.flat_map(|month| [format!("call_record_{month}"), format!("duration_record_{month}")]);
    refresh_statistics(store, &tables.collect::<Vec<_>>()).await
}

/// A partial record is not sent any more when the final one is ready too.
fn leave_overtaken(made: &mut Vec<Made>) {
    let is_final = |made: &&Made| made.row.completeness == "final" && made.row.version > 1;
    let done: HashSet<_> = made.iter().filter(is_final).map(|made| (made.row.call_id.clone(), made.row.leg_id)).collect();
    made.retain(|made| made.row.completeness == "final" || !done.contains(&(made.row.call_id.clone(), made.row.leg_id)));
}

/// When the platform sends: once a day at first, then every six hours, then every two; the last batch holds what a simulated
/// operator looks back to.
fn cuts(base: DateTime<Utc>, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let last = now.trunc_subsecs(3) - LOOKS_BACK;
    let daily = (7..DAYS).rev().map(|days| base - TimeDelta::days(days));
    let often = (1..=28).map(|quarter| base - TimeDelta::days(7) + TimeDelta::hours(6 * quarter));
    let today = (1..12).map(|step| base + TimeDelta::hours(2 * step));
    daily.chain(often).chain(today).filter(|cut| *cut < last).chain([last, now]).collect()
}

/// The store as it stood then.
fn store_at(making: &Making<'_>, at: DateTime<Utc>, part: &str) -> Store {
    let mut store = making.store.clone();
    // Ids follow from the seed and the distance to the last midnight.
    let part = format!("{part} {}", (at - making.base).num_milliseconds());
    store.env = Env::fixed(at, u64::from_be_bytes(super::first_eight(super::derived(making.seed, &part))));
    store
}

async fn send_calls(making: &Making<'_>, cut: DateTime<Utc>, lines: &[String]) -> Result<(), Failure> {
    let store = store_at(making, cut, "calls");
    for batch in lines.chunks(BATCH) {
        calls::take_call_records(&store, PLATFORM_CLIENT, batch.join("\n").as_bytes()).await?;
    }
    // Sealed at once, as the job would have done then.
    while calls::seal_calls(store.clone()).await? {}
    Ok(())
}

/// Every operator hands in what is due; answers how many rows.
async fn send_durations(making: &Making<'_>, cut: DateTime<Utc>, books: &mut Vec<Sent>) -> Result<usize, Failure> {
    let forgot = |sent: &Sent| sent.carrier == Carrier::Albion && cut == making.base - TimeDelta::days(FORGOT_DAYS);
    let (mut due, later): (Vec<Sent>, Vec<Sent>) =
        std::mem::take(books).into_iter().partition(|sent| sent.at <= cut && !forgot(sent));
    *books = later;
    due.sort_by_key(|sent| sent.at);
    for plan in OPERATORS {
        let lines: Vec<&str> =
            due.iter().filter(|sent| Carrier::of(plan.slug) == Some(sent.carrier)).map(|sent| sent.line.as_str()).collect();
        for batch in lines.chunks(BATCH) {
            hand_in(making, plan, cut + LATE, batch).await?;
        }
    }
    Ok(due.len())
}

async fn hand_in(making: &Making<'_>, plan: &OperatorPlan, at: DateTime<Utc>, lines: &[&str]) -> Result<(), Failure> {
    let operator = making.operator(plan.slug);
    let store = store_at(making, at, &format!("durations {}", plan.slug));
    let sent = SentDurations {
        source: DurationSource::Api,
        format: DurationFormat::Ndjson,
        file_name: None,
        actor_label: format!("{} provisioning", plan.name),
        body: lines.join("\n").into_bytes(),
    };
    let batch = calls::keep_durations(&store, operator, sent).await?;
    calls::process_durations(&store, operator, batch).await?;
    Ok(())
}

/// The days that operators said are complete: all but the last ones, by how thorough the operator is.
async fn close_days(making: &Making<'_>) -> Result<(), Failure> {
    for (slug, open) in [("norvik", 2), ("albion", 4), ("tidewater", 3)] {
        let first = (making.base - TimeDelta::days(DAYS)).date_naive();
        let last = (making.base - TimeDelta::days(open)).date_naive();
        let ctx = super::live::operator_ctx(making, slug, Scope::DurationsWrite, making.store.env.clone());
        let days = calls::duration_coverage(making.store, &ctx, (first, last), chrono_tz::UTC).await?;
        for day in days {
            let at = day.day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(30);
            let store = store_at(making, at, &format!("close {slug}"));
            let ctx = super::live::operator_ctx(making, slug, Scope::DurationsWrite, store.env.clone());
            calls::close_duration_day(&store, &ctx, day.day, day.rows, day.duration_ms).await?;
        }
    }
    Ok(())
}

fn spoiled_calls(making: &Making<'_>, month: &Month, at: DateTime<Utc>) -> anyhow::Result<Vec<String>> {
    let lines = month.lines("contoso");
    let own = lines.iter().find(|line| line.kind == LineKind::User && line.stood(at)).context("contoso has no line")?;
    let mut bad = spoiled::calls(at, own);
    bad.extend(spoiled::of_another_tenant(at, lines, making.tenant("harrow").0));
    Ok(bad)
}

fn spoiled_durations(month: &Month, rows: &StockRows, at: DateTime<Utc>) -> anyhow::Result<Vec<Sent>> {
    let of =
        |tenant: &str, carrier: Carrier| month.lines(tenant).iter().find(move |line| line.carrier == carrier && line.stood(at));
    let own = of("contoso", Carrier::Norvik).context("Norvik serves nobody")?;
    let foreign = of("harrow", Carrier::Albion).context("Albion serves nobody")?;
    let silent = of("saentis", Carrier::Norvik).context("Norvik does not serve Säntis")?;
    let until = rows.holdings.iter().filter(|held| held.e164 == MOVED).find_map(|held| held.held_until);
    let gap = until.context("the number did not move")? + TimeDelta::minutes(30);
    Ok(spoiled::durations(at, own, &foreign.e164, &silent.e164, MOVED, gap))
}
