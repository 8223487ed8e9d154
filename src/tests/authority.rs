//! Who may do what: one table each for pages, forms and calls of the machine API. What has no row fails, and so does a row
//! for what is no more. The tables repeat what the program says on purpose: a slip there is a difference here.

mod api;
mod forms;
mod pages;
mod refusals;

use std::collections::BTreeSet;

/// Rows that are missing and rows that are stale, by key.
fn compare<'a>(what: &str, have: impl Iterator<Item = String>, rows: impl Iterator<Item = &'a str>) -> Vec<String> {
    let have: BTreeSet<String> = have.collect();
    let rows: Vec<String> = rows.map(str::to_owned).collect();
    let unique: BTreeSet<String> = rows.iter().cloned().collect();
    let mut faults: Vec<String> = have.difference(&unique).map(|key| format!("no row for the {what} {key}")).collect();
    faults.extend(unique.difference(&have).map(|key| format!("a row for {key}, but there is no such {what}")));
    if unique.len() != rows.len() {
        faults.push(format!("two rows for one {what}"));
    }
    faults
}

#[test]
fn a_missing_and_a_stale_row_are_found() {
    let have = || ["GET /a", "GET /b"].into_iter().map(str::to_owned);
    assert!(compare("page", have(), ["GET /a", "GET /b"].into_iter()).is_empty());
    assert_eq!(compare("page", have(), ["GET /a"].into_iter()), ["no row for the page GET /b"]);
    assert_eq!(
        compare("page", have(), ["GET /a", "GET /b", "GET /c"].into_iter()),
        ["a row for GET /c, but there is no such page"]
    );
    assert_eq!(compare("page", have(), ["GET /a", "GET /b", "GET /b"].into_iter()), ["two rows for one page"]);
}
