//! The one search field of the lists: a number or part of one, a customer's name or part of it, or an event id.

use sqlx::PgConnection;
use uuid::Uuid;

use super::queries_pages;
use crate::base::E164;
use crate::base::EventId;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::tr;
use crate::ui::Lang;
use crate::ui::Query;
use crate::ui::Text;

/// What a person typed, by its form alone.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Sought {
    Event(EventId),
    /// With `+`: this number or, when nothing is found of it, those that begin with it.
    Number(String),
    /// Digits of a number.
    Part(String),
    /// Part of a customer's name.
    Name(String),
}

/// Why it cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Digits,
    EventId,
}

impl Sought {
    /// Reads it; `None` when nothing was typed.
    fn read(text: &str) -> Result<Option<Self>, Fault> {
        // The database takes no NUL.
        let text = text.replace('\0', "");
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        if text.starts_with("evt_") {
            return EventId::from_wire(text).map(|id| Some(Self::Event(id))).ok_or(Fault::EventId);
        }
        if let Ok(id) = Uuid::try_parse(text) {
            return Ok(Some(Self::Event(EventId(id))));
        }
        let dialled = text.strip_prefix("tel:").unwrap_or(text);
        let parts = |c: char| c.is_whitespace() || "+.-\u{2011}/()".contains(c);
        if dialled.chars().all(|c| c.is_ascii_digit() || parts(c)) {
            return Self::number(dialled).map(Some).ok_or(Fault::Digits);
        }
        Ok(Some(Self::Name(text.to_owned())))
    }

    fn number(text: &str) -> Option<Self> {
        if text.trim_start().starts_with(['+', '0'])
            && let Ok(e164) = E164::read(text)
        {
            return Some(Self::Number(e164.to_string()));
        }
        let digits: String = text.replace("(0)", "").chars().filter(char::is_ascii_digit).collect();
        // What is dialled inside a country begins with a nought that E.164 has not.
        let digits = digits.trim_start_matches('0');
        let readable = (3..=15).contains(&digits.len()) && !text.contains('+');
        readable.then(|| Self::Part(digits.to_owned()))
    }
}

/// What the address asks for by number, customer or event.
#[derive(Clone, Debug, Default)]
pub(super) struct Search {
    pub number: Option<String>,
    /// To be looked for when there is nothing of `number`; without one, at once.
    pub part: Option<String>,
    pub tenants: Option<Vec<Uuid>>,
    pub event: Option<EventId>,
    /// What is wrong with the field: then nothing is listed.
    pub wrong: Option<Text>,
}

impl Search {
    /// Nothing can be found.
    pub(super) fn is_void(&self) -> bool {
        self.wrong.is_some() || self.tenants.as_ref().is_some_and(Vec::is_empty)
    }
}

/// Reads `q` (what was typed), `number` (one number, by link) and `customer` of an address.
///
/// # Errors
/// When the database is away.
pub(super) async fn search(conn: &mut PgConnection, lang: Lang, operator: OperatorId, query: &Query) -> Result<Search, Failure> {
    let mut search = Search::default();
    let chosen = query.get("customer").map(|id| Uuid::try_parse(id).unwrap_or_default());
    search.tenants = chosen.map(|id| vec![id]);
    let linked = query.get("number").filter(|_| !query.has("q"));
    match Sought::read(linked.or_else(|| query.get("q")).unwrap_or_default()) {
        Ok(None) => {}
        Ok(Some(Sought::Event(id))) => search.event = Some(id),
        Ok(Some(Sought::Number(number))) => {
            search.part = linked.is_none().then(|| number.clone());
            search.number = Some(number);
        }
        Ok(Some(Sought::Part(digits))) => search.part = Some(digits),
        Ok(Some(Sought::Name(name))) => {
            let mut named = queries_pages::customers_named(conn, operator, &name).await?;
            search.wrong = named.is_empty().then(|| tr!(in lang, "notices.search.nothing"));
            named.retain(|id| chosen.is_none_or(|chosen| chosen == *id));
            search.tenants = Some(named);
        }
        Err(Fault::Digits) => search.wrong = Some(tr!(in lang, "notices.search.digits")),
        Err(Fault::EventId) => search.wrong = Some(tr!(in lang, "notices.search.event_id")),
    }
    Ok(search)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_read_by_its_form() {
        let id = EventId(Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001));
        let number = || Sought::Number("+493023125010".to_owned());
        let part = |digits: &str| Sought::Part(digits.to_owned());
        let name = |text: &str| Sought::Name(text.to_owned());
        for (text, expected) in [
            (id.wire(), Sought::Event(id)),
            (id.0.to_string(), Sought::Event(id)),
            (format!(" {} ", id.0.to_string().to_uppercase()), Sought::Event(id)),
            ("+49 30 23125-010".to_owned(), number()),
            ("tel:+49 (0) 30 / 23125 010".to_owned(), number()),
            ("0049 30 23125010".to_owned(), number()),
            ("+49 30".to_owned(), Sought::Number("+4930".to_owned())),
            ("23125".to_owned(), part("23125")),
            ("030 23125-010".to_owned(), part("3023125010")),
            ("493023125010".to_owned(), part("493023125010")),
            (" Kestrel ".to_owned(), name("Kestrel")),
            ("1&1".to_owned(), name("1&1")),
            ("Studio 54".to_owned(), name("Studio 54")),
        ] {
            assert_eq!(Sought::read(&text), Ok(Some(expected)), "{text}");
        }
        for text in ["", "  ", "\0"] {
            assert_eq!(Sought::read(text), Ok(None));
        }
        for text in ["12", "030", "+", "+49+30", "++4930", "+0123456", "1234567890123456", "-"] {
            assert_eq!(Sought::read(text), Err(Fault::Digits), "{text}");
        }
        assert_eq!(Sought::read("evt_12"), Err(Fault::EventId));
    }
}
