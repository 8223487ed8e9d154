//! What both sides may ask of numbers, and what stands in the search field. Pure: page, file and machine call are read alike.

use chrono::DateTime;
use chrono::Utc;
use uuid::Uuid;

use crate::base::E164;
use crate::base::Failure;
use crate::base::Problem;
use crate::ui::Query;

/// Most numbers of a pasted list.
pub const LISTED: usize = 1000;

/// The state filter of the tabs. An operator knows neither free nor reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateFilter {
    /// Neither assigned nor in quarantine nor reserved.
    Free,
    Assigned,
    Pending,
    Failed,
    Quarantined,
    Reserved,
}

impl StateFilter {
    /// In the order of the tabs.
    pub const ALL: [Self; 6] = [Self::Assigned, Self::Free, Self::Pending, Self::Quarantined, Self::Reserved, Self::Failed];

    /// The word in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Assigned => "assigned",
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Quarantined => "quarantined",
            Self::Reserved => "reserved",
        }
    }

    /// Reads [`StateFilter::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// What stands in the search field, as the index it goes through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Search {
    /// `+` and the first digits.
    Prefix(String),
    /// Digits that stand anywhere.
    Digits(String),
    /// The last digits.
    Ends(String),
    /// The beginning of a person's name, surname or address, or a tag; lower case.
    Words(String),
}

impl Search {
    /// Reads what a person types; `None` when nothing is left of it. Blanks and separators between digits do not count, a
    /// trunk zero in front neither.
    #[must_use]
    pub fn read(text: &str, ends: bool) -> Option<Self> {
        let text = text.trim();
        let kept: String = text.chars().filter(|c| !separates(*c)).take(40).collect();
        let (plus, digits) = match kept.strip_prefix('+').or_else(|| kept.strip_prefix("00")) {
            Some(rest) => (true, rest),
            None => (false, kept.as_str()),
        };
        let numeric = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        match (numeric, plus, ends) {
            (true, _, true) => Some(Self::Ends(digits.to_owned())),
            (true, true, false) => Some(Self::Prefix(format!("+{digits}"))),
            (true, false, false) => {
                let digits = digits.trim_start_matches('0');
                Some(Self::Digits(if digits.is_empty() { "0".to_owned() } else { digits.to_owned() }))
            }
            (false, _, _) if kept == "+" || text.is_empty() => None,
            (false, _, _) => Some(Self::Words(text.chars().take(100).collect::<String>().to_lowercase().replace('\0', ""))),
        }
    }
}

/// Whether a sign only parts the digits of a number.
fn separates(c: char) -> bool {
    c.is_whitespace() || matches!(c, '.' | '-' | '/' | '(' | ')' | '\u{2011}')
}

/// The end of the range of texts that begin with `start`, in byte order.
#[must_use]
pub fn range_end(start: &str) -> String {
    format!("{start}\u{10ffff}")
}

/// Filters that tenant and operator have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StockFilter {
    pub country: Option<String>,
    /// Lower case, the whole name.
    pub city: Option<String>,
    pub kind: Option<String>,
    pub usage: Option<String>,
    pub capability: Option<String>,
    /// Pending for longer than so many minutes.
    pub pending_over: Option<i32>,
    /// First number of a range, with `+`; may be its first digits.
    pub from: Option<String>,
    /// Last number of a range, with `+`; what begins with it belongs to the range.
    pub to: Option<String>,
    pub changed_since: Option<DateTime<Utc>>,
    pub search: Option<Search>,
    /// A pasted list that is kept; its numbers are looked up before the query runs.
    pub list: Option<Uuid>,
    /// These numbers alone.
    pub numbers: Option<Vec<String>>,
}

const KINDS: [&str; 5] = ["geographic", "mobile", "toll_free", "national", "uifn"];
const USAGES: [&str; 3] = ["user", "voice_app", "conference"];
const CAPABILITIES: [&str; 6] = ["inbound", "outbound", "user", "voice_app", "conference", "emergency"];

impl StockFilter {
    /// The keys of these filters in addresses, in the order of the chips.
    pub const KEYS: [&str; 13] = [
        "q",
        "list",
        "numbers",
        "country",
        "city",
        "kind",
        "usage",
        "capability",
        "pending_over",
        "from",
        "to",
        "changed_since",
        "ends",
    ];

    /// Reads the query part of an address.
    ///
    /// # Errors
    /// 400 `query_malformed` for a word no filter knows.
    pub fn parse(query: &Query) -> Result<Self, Failure> {
        let pending_over = match query.get("pending_over") {
            Some(text) => Some(text.parse().ok().filter(|n| (0..=5_256_000).contains(n)).ok_or_else(|| malformed("pending_over"))?),
            None => None,
        };
        Ok(Self {
            country: country(query)?,
            city: query.get("city").map(|city| city.trim().to_lowercase().replace('\0', "")),
            kind: one_of(query, "kind", &KINDS)?,
            usage: one_of(query, "usage", &USAGES)?,
            capability: one_of(query, "capability", &CAPABILITIES)?,
            pending_over,
            from: bound(query, "from")?,
            to: bound(query, "to")?,
            changed_since: moment(query, "changed_since")?,
            search: query.get("q").and_then(|text| Search::read(text, query.get("ends").is_some_and(|ends| ends != "false"))),
            list: query.get("list").map(Uuid::try_parse).transpose().map_err(|_| malformed("list"))?,
            numbers: numbers(query)?,
        })
    }
}

fn one_of(query: &Query, key: &str, words: &[&str]) -> Result<Option<String>, Failure> {
    match query.get(key) {
        Some(text) if !words.contains(&text) => Err(malformed(key)),
        text => Ok(text.map(str::to_owned)),
    }
}

/// An end of a range. A blank in front is a + that nobody encoded.
fn bound(query: &Query, key: &str) -> Result<Option<String>, Failure> {
    match query.get(key).map(|text| Search::read(text, false)) {
        None | Some(None) => Ok(None),
        Some(Some(Search::Digits(digits))) => Ok(Some(format!("+{digits}"))),
        Some(Some(Search::Prefix(start))) => Ok(Some(start)),
        Some(Some(_)) => Err(malformed(key)),
    }
}

/// The numbers of `numbers=`, each once.
fn numbers(query: &Query) -> Result<Option<Vec<String>>, Failure> {
    let Some(text) = query.get("numbers") else {
        return Ok(None);
    };
    let pasted = Pasted::read(text);
    if pasted.unread.is_empty() && pasted.numbers.len() <= LISTED { Ok(Some(pasted.numbers)) } else { Err(malformed("numbers")) }
}

/// A pasted list, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pasted {
    /// E.164, each once, in the order pasted.
    pub numbers: Vec<String>,
    /// What is no number, cut to 60 characters.
    pub unread: Vec<String>,
}

impl Pasted {
    /// Reads numbers that stand one a line or parted by commas, semicolons or tabs; blanks and other separators inside of a number do
    /// not count. `00` is `+`; without either, digits are taken as they stand.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let mut seen = std::collections::HashSet::new();
        let mut read = Self::default();
        for part in text.split(['\n', '\r', ',', ';', '\t']).map(str::trim).filter(|part| !part.is_empty()) {
            let part = part.trim_matches(['"', '\'']);
            let bare = part.strip_prefix("tel:").unwrap_or(part);
            let kept: String = bare.chars().filter(|c| !separates(*c)).take(40).collect();
            let digits = kept.strip_prefix('+').or_else(|| kept.strip_prefix("00")).unwrap_or(&kept);
            match E164::parse(&format!("+{digits}")) {
                Ok(number) => {
                    if seen.insert(number.as_str().to_owned()) {
                        read.numbers.push(number.as_str().to_owned());
                    }
                }
                Err(_) => read.unread.push(part.chars().filter(|c| !c.is_control()).take(60).collect()),
            }
        }
        read
    }
}

/// A country code of a query, upper case.
fn country(query: &Query) -> Result<Option<String>, Failure> {
    let Some(text) = query.get("country") else {
        return Ok(None);
    };
    if text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic()) {
        Ok(Some(text.to_ascii_uppercase()))
    } else {
        Err(malformed("country"))
    }
}

/// A moment of a query: RFC 3339, or a day in UTC.
pub(super) fn moment(query: &Query, key: &str) -> Result<Option<DateTime<Utc>>, Failure> {
    let Some(text) = query.get(key) else {
        return Ok(None);
    };
    read_moment(text).map(Some).ok_or_else(|| malformed(key))
}

/// Reads RFC 3339 or a day in UTC, within what the database can hold.
#[must_use]
pub fn read_moment(text: &str) -> Option<DateTime<Utc>> {
    let day = || {
        let day = text.parse::<chrono::NaiveDate>().ok()?;
        Some(day.and_hms_opt(0, 0, 0)?.and_utc())
    };
    // A + of an offset that nobody encoded arrives as a blank.
    let moment = DateTime::parse_from_rfc3339(&text.replace(' ', "+")).ok().map(|at| at.to_utc()).or_else(day)?;
    (moment.timestamp() > -60_000_000_000 && moment.timestamp() < 8_000_000_000_000).then_some(moment)
}

pub(super) fn malformed(key: &str) -> Failure {
    let detail = format!("{key} has a value that this list does not know.");
    Problem::new(400, "query_malformed", detail.clone()).field(key, "value_invalid", None, detail).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_goes_through_its_index() {
        let read = |text| Search::read(text, false);
        assert_eq!(read("+49 30 23125"), Some(Search::Prefix("+493023125".to_owned())));
        assert_eq!(read("0049 (30)"), Some(Search::Prefix("+4930".to_owned())));
        assert_eq!(read("030/2312-5"), Some(Search::Digits("3023125".to_owned())));
        assert_eq!(Search::read("5 017", true), Some(Search::Ends("5017".to_owned())));
        assert_eq!(read("Aylin"), Some(Search::Words("aylin".to_owned())));
        assert_eq!(read(" + "), None);
    }

    #[test]
    fn a_pasted_list_is_read_line_by_line() {
        let read = Pasted::read("+49 30 23125-001\r\n0049 30 23125 002, tel:+493023125003;\n\"+493023125001\"\nhello\n12");
        assert_eq!(read.numbers, ["+493023125001", "+493023125002", "+493023125003"]);
        assert_eq!(read.unread, ["hello", "12"]);
    }

    #[test]
    fn words_no_filter_knows_are_refused() {
        for bad in
            ["kind=x", "usage=x", "capability=x", "pending_over=-1", "pending_over=x", "from=abc", "to=abc", "list=1", "numbers=x"]
        {
            let refused = StockFilter::parse(&Query::parse(bad)).map(|_| ()).expect_err(bad).problem();
            assert_eq!(refused.status, 400, "{bad}");
        }
        let filter = StockFilter::parse(&Query::parse("from=%2B4930&to=4931&city=Berlin&numbers=493023125001")).expect("a filter");
        assert_eq!((filter.from.as_deref(), filter.to.as_deref()), (Some("+4930"), Some("+4931")));
        assert_eq!(filter.numbers, Some(vec!["+493023125001".to_owned()]));
    }
}
