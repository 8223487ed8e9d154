//! The rules of the house that the compiler does not hold, as plain text over `src` and `migrations`.
//! Every rule has a sample that breaks it: a rule that cannot fail is no rule.

use std::fs;
use std::path::Path;

/// Rooms in order: each may import only rooms before it.
const ROOMS: [&str; 19] = [
    "base",
    "ui",
    "store",
    "audit",
    "identity",
    "alerts",
    "transfers",
    "notices",
    "consent",
    "numbers",
    "calls",
    "pairing",
    "usage",
    "quality",
    "reconcile",
    "privacy",
    "portal",
    "app",
    "tests",
];

/// Most lines of a file, tests included.
const LONGEST: usize = 420;

/// Longer files, each with its reason.
const LONG: &[(&str, &str)] = &[
    ("src/notices/schedule/tests.rs", "one table of cases of the delivery schedule, read side by side"),
    ("src/notices/actions.rs", "the verbs of endpoints and of their test messages share their checks"),
    ("src/notices/queries_delivery.rs", "claim, settle and recover are one protocol over the same rows"),
];

/// Words of a machine that has no place in the product.
const MACHINES: [&str; 6] = ["/root/", "/home/", "/Users/", "/work/", "C:\\Users", "/mnt/"];

/// A file as the rules see it.
struct Source {
    /// From the package's root, with `/`.
    path: String,
    text: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// The room a file belongs to; `None` for `lib.rs` and `main.rs`.
    fn room(&self) -> Option<&str> {
        let below = self.path.strip_prefix("src/")?;
        below.split_once('/').map(|(room, _)| room)
    }

    /// The name of a file by its duty: `queries_list` of `src/numbers/queries_list.rs`, `queries` of `src/x/queries/read.rs`.
    fn duty(&self) -> &str {
        let mut parts = self.path.split('/').skip(2);
        let first = parts.next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    fn is_test(&self) -> bool {
        self.room() == Some("tests")
            || self.path.contains("/tests/")
            || self.duty().starts_with("tests")
            || self.path.ends_with("/tests.rs")
    }

    /// Lines of code before the file's own tests, numbered from 1, without comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let end = self.text.lines().position(|line| line == "mod tests {");
        let lines = self.text.lines().enumerate().map(|(at, line)| (at + 1, line));
        lines.take(end.unwrap_or(usize::MAX)).filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    fn says(&self, line: usize, what: &str) -> String {
        format!("{}:{line}: {what}", self.path)
    }
}

type Rule = fn(&Source) -> Vec<String>;

/// Every rule over Rust files, with a file that breaks it.
const RULES: &[(&str, Rule, (&str, &str))] = &[
    ("room order", room_order, ("src/store/a.rs", "use crate::numbers::Number;")),
    ("only through doors", doors, ("src/app/a.rs", concat!("use crate", "::numbers::queries::list;"))),
    ("SQL in queries", sql_in_queries, ("src/numbers/actions.rs", "sqlx::query!(\"select 1\")")),
    ("server functions in forms", server_in_forms, ("src/numbers/pages.rs", "#[server]")),
    ("islands in islands", islands_in_islands, ("src/numbers/pages.rs", "#[island]")),
    ("all organisations only in jobs", begin_job, ("src/numbers/actions.rs", "let tx = store.begin_job().await?;")),
    ("time comes from the clock", machine_clock, ("src/numbers/actions.rs", "let now = Utc::now();")),
    ("no now() in SQL", sql_now, ("src/numbers/queries.rs", "update x set at = now() where y")),
    ("one import a line", one_import_a_line, ("src/numbers/actions.rs", "use crate::base::{Ctx, Org};")),
    ("length", length, ("src/numbers/a.rs", TOO_LONG)),
    ("module docs", module_docs, ("src/numbers/a.rs", "use crate::base::Ctx;")),
    ("no path of a machine", machine_paths, ("src/numbers/a.rs", "//! See /home/somebody/notes.")),
    ("server only", server_only, ("src/identity/mod.rs", "//! Who.\nmod queries;")),
];

/// Stands for a file of too many lines.
const TOO_LONG: &str = "too long";

#[test]
fn every_file_keeps_the_rules() {
    let mut faults = Vec::new();
    for source in sources() {
        for (name, rule, _) in RULES {
            faults.extend(rule(&source).into_iter().map(|fault| format!("{fault} ({name})")));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn every_rule_can_fail() {
    for (name, rule, (path, text)) in RULES {
        let text = if *text == TOO_LONG { "//\n".repeat(LONGEST + 1) } else { (*text).to_owned() };
        assert!(!rule(&Source::new(path, &text)).is_empty(), "{name} passes a file that breaks it");
        let tests = rule(&Source::new("src/base/mod.rs", "//! Words.\n\nuse std::fmt;\n"));
        assert!(tests.is_empty(), "{name} refuses a file in order: {tests:?}");
    }
}

#[test]
fn exceptions_are_still_needed() {
    for (path, reason) in LONG {
        let text = fs::read_to_string(path).unwrap_or_default();
        assert!(text.lines().count() > LONGEST, "{path} is not too long any more ({reason}): take it off the list");
    }
}

#[test]
fn migrations_name_a_room_and_their_order() {
    let mut faults = Vec::new();
    let mut names: Vec<String> = read_dir("migrations").iter().map(|path| path.replace("migrations/", "")).collect();
    names.sort();
    for name in &names {
        faults.extend(migration_name(name));
        let text = fs::read_to_string(format!("migrations/{name}")).expect("a migration");
        faults.extend(MACHINES.iter().filter(|word| text.contains(*word)).map(|word| format!("{name} says {word}")));
    }
    assert!(!names.is_empty() && faults.is_empty(), "{faults:?}");
    assert_eq!(migration_name("20261124000100_store_foundation.sql"), None);
    for bad in ["1_store_x.sql", "20261124000100_warehouse_x.sql", "20261124000100_store.sql", "20261124000100_store_x.txt"] {
        assert!(migration_name(bad).is_some(), "{bad}");
    }
}

/// What is wrong with a migration's name: `YYYYMMDDHHMMSS_room_what.sql`.
fn migration_name(name: &str) -> Option<String> {
    let wrong = || Some(format!("migrations/{name} is not named YYYYMMDDHHMMSS_room_what.sql"));
    let Some((stamp, rest)) = name.strip_suffix(".sql").and_then(|stem| stem.split_once('_')) else {
        return wrong();
    };
    let stamp_ok = stamp.len() == 14 && stamp.bytes().all(|b| b.is_ascii_digit());
    let room_ok = rest.split_once('_').is_some_and(|(room, what)| ROOMS.contains(&room) && !what.is_empty());
    if stamp_ok && room_ok { None } else { wrong() }
}

/// A room imports only rooms before it.
fn room_order(source: &Source) -> Vec<String> {
    let Some(place) = source.room().and_then(|room| ROOMS.iter().position(|known| *known == room)) else {
        return match source.room() {
            Some("locales") | None => Vec::new(),
            Some(room) => vec![source.says(1, &format!("there is no room {room}"))],
        };
    };
    let later = |line: &str| imported(line).filter(|(room, _)| ROOMS.iter().position(|known| known == room) > Some(place)).count();
    source.code().filter(|(_, line)| later(line) > 0).map(|(at, line)| source.says(at, line.trim())).collect()
}

/// Another room is reached only through its `mod.rs`: after the room's name stands an item, not a module.
fn doors(source: &Source) -> Vec<String> {
    const OPEN: [(&str, &str); 2] = [("base", "chaos"), ("app", "pg")];
    let passes = |line: &str| {
        imported(line).any(|(room, rest)| {
            let item = rest.split("::").next().unwrap_or_default();
            let module = rest.contains("::") && item.chars().next().is_some_and(char::is_lowercase);
            Some(room) != source.room() && module && !OPEN.contains(&(room, item))
        })
    };
    source.code().filter(|(_, line)| passes(line)).map(|(at, line)| source.says(at, line.trim())).collect()
}

/// Every `crate::room::rest` of a line.
fn imported(line: &str) -> impl Iterator<Item = (&str, &str)> {
    line.split("crate::").skip(1).filter_map(|after| {
        let end = after.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(after.len());
        let (room, rest) = after[..end].split_once("::")?;
        ROOMS.contains(&room).then_some((room, rest))
    })
}

fn only_in(source: &Source, word: &str, may: impl Fn(&str) -> bool) -> Vec<String> {
    if source.is_test() || may(source.duty()) {
        return Vec::new();
    }
    source
        .code()
        .filter(|(_, line)| line.contains(word))
        .map(|(at, _)| source.says(at, &format!("{word} does not belong here")))
        .collect()
}

fn sql_in_queries(source: &Source) -> Vec<String> {
    let in_store = ["chain", "idempotency", "db", "jobs"];
    let own = source.room() == Some("store");
    only_in(source, "sqlx::query", |duty| duty.starts_with("queries") || (own && in_store.contains(&duty)))
}

fn server_in_forms(source: &Source) -> Vec<String> {
    only_in(source, "#[server]", |duty| duty.starts_with("forms"))
}

fn islands_in_islands(source: &Source) -> Vec<String> {
    only_in(source, "#[island", |duty| duty.starts_with("islands"))
}

fn begin_job(source: &Source) -> Vec<String> {
    let own = source.room() == Some("store");
    let seed = |duty: &str| source.room() == Some("app") && duty == "seed";
    let may = |duty: &str| own || seed(duty) || duty.starts_with("jobs") || duty.starts_with("setup");
    [".begin_job()", ".begin_queue()", ".begin_beside()"].into_iter().flat_map(|word| only_in(source, word, may)).collect()
}

fn machine_clock(source: &Source) -> Vec<String> {
    only_in(source, "Utc::now", |duty| source.room() == Some("base") && duty == "env")
}

/// The machine's time in SQL would not be the clock's that tests move and people see.
fn sql_now(source: &Source) -> Vec<String> {
    const WORDS: [&str; 4] = ["now()", "current_timestamp", "clock_timestamp", "current_date"];
    let sql = source.duty().starts_with("queries") || source.duty().starts_with("jobs") || source.duty().starts_with("setup");
    let asks = |line: &str| {
        let line = line.replace(".now()", "").replace("_now()", "");
        WORDS.iter().any(|word| line.contains(word))
    };
    let faults = source.code().filter(|(_, line)| sql && asks(line));
    faults.map(|(at, line)| source.says(at, line.trim())).collect()
}

/// One name a line, so that text search is honest.
fn one_import_a_line(source: &Source) -> Vec<String> {
    let grouped = |line: &str| line.starts_with("use ") && line.contains('{');
    source.code().filter(|(_, line)| grouped(line)).map(|(at, line)| source.says(at, line)).collect()
}

fn length(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    if lines <= LONGEST || LONG.iter().any(|(path, _)| *path == source.path) {
        return Vec::new();
    }
    vec![source.says(lines, &format!("longer than {LONGEST} lines"))]
}

fn module_docs(source: &Source) -> Vec<String> {
    if source.text.starts_with("//! ") { Vec::new() } else { vec![source.says(1, "does not begin with module documentation")] }
}

fn machine_paths(source: &Source) -> Vec<String> {
    if source.path == "src/tests/tidy.rs" {
        return Vec::new(); // Lists them.
    }
    let lines = source.text.lines().enumerate();
    let named = lines.filter(|(_, line)| MACHINES.iter().any(|word| line.contains(word)));
    named.map(|(at, line)| source.says(at + 1, line.trim())).collect()
}

/// What only the server needs stands under `cfg(feature = "ssr")`, in the room's door or for the whole room in `lib.rs`.
fn server_only(source: &Source) -> Vec<String> {
    const SERVER: [&str; 6] = ["queries", "actions", "pages", "api", "jobs", "setup"];
    let whole = source.room().is_some_and(lib_gates);
    if !source.path.ends_with("/mod.rs") || source.path.split('/').count() != 3 || whole {
        return Vec::new();
    }
    let lines: Vec<&str> = source.text.lines().collect();
    let mut faults = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(module) = line.trim().strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) else {
            continue;
        };
        let gated = at > 0 && lines[at - 1].contains("feature = \"ssr\"");
        if SERVER.iter().any(|duty| module.starts_with(duty)) && !gated {
            faults.push(source.says(at + 1, &format!("mod {module} is not gated by the feature ssr")));
        }
    }
    faults
}

/// Whether `lib.rs` builds a room for the server only.
fn lib_gates(room: &str) -> bool {
    let text = fs::read_to_string("src/lib.rs").expect("lib.rs");
    let lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().position(|line| *line == format!("pub mod {room};"));
    at.is_some_and(|at| at > 0 && lines[at - 1].contains("feature = \"ssr\""))
}

fn sources() -> Vec<Source> {
    let paths = read_dir("src");
    let rust = paths.iter().filter(|path| path.ends_with(".rs"));
    let sources: Vec<Source> = rust.map(|path| Source::new(path, &fs::read_to_string(path).expect("a source file"))).collect();
    assert!(sources.len() > 50, "the files are not found: {}", sources.len());
    sources
}

fn read_dir(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(folder).to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}
