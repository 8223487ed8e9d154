//! The query part of an address as an ordered list: the state of a list page lives here and nowhere else.

use std::fmt::Write as _;

/// Keys that point into one ordering of a list; they lose their meaning when filter or order changes.
const PAGING_KEYS: [&str; 2] = ["after", "before"];

/// The key that names the order: `number` rising, `-number` falling.
pub const SORT_KEY: &str = "sort";

/// An ordered list of key and value. Pure: every change gives a new list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the part after `?`. Never fails: what cannot be decoded is kept as it stands. Empty values are dropped,
    /// because a filter form sends every field.
    #[must_use]
    pub fn parse(raw: &str) -> Self {
        let pairs = url::form_urlencoded::parse(raw.trim_start_matches('?').as_bytes());
        Self(pairs.filter(|(_, value)| !value.is_empty()).map(|(key, value)| (key.into_owned(), value.into_owned())).collect())
    }

    /// The first value of `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(held, _)| held == key).map(|(_, value)| value.as_str())
    }

    /// Every value of `key`, in order.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(held, _)| held == key).map(|(_, value)| value.as_str())
    }

    /// Whether `key` stands there at all.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Every pair, in order.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether nothing is asked for.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// With `key` set to `value`, at its old place or at the end; an empty value removes it.
    #[must_use]
    pub fn with(&self, key: &str, value: impl Into<String>) -> Self {
        let value = value.into();
        if value.is_empty() {
            return self.without(key);
        }
        let place = self.0.iter().position(|(held, _)| held == key);
        let mut pairs: Vec<_> = self.without(key).0;
        let pair = (key.to_owned(), value);
        match place {
            Some(place) if place <= pairs.len() => pairs.insert(place, pair),
            _ => pairs.push(pair),
        }
        Self(pairs)
    }

    /// Without every value of `key`.
    #[must_use]
    pub fn without(&self, key: &str) -> Self {
        self.keep(|held, _| held != key)
    }

    /// Without this one value of `key`; its other values stay.
    #[must_use]
    pub fn without_value(&self, key: &str, value: &str) -> Self {
        self.keep(|held, stands| held != key || stands != value)
    }

    /// Only these keys, for the hidden fields of a filter form.
    #[must_use]
    pub fn only(&self, keys: &[&str]) -> Self {
        self.keep(|held, _| keys.contains(&held))
    }

    /// Back on the first page: without `after` and `before`.
    #[must_use]
    pub fn first_page(&self) -> Self {
        self.keep(|held, _| !PAGING_KEYS.contains(&held))
    }

    /// The page behind `cursor`.
    #[must_use]
    pub fn after(&self, cursor: impl Into<String>) -> Self {
        self.without("before").with("after", cursor)
    }

    /// The page in front of `cursor`.
    #[must_use]
    pub fn before(&self, cursor: impl Into<String>) -> Self {
        self.without("after").with("before", cursor)
    }

    /// Whether the page in front of a cursor is asked for.
    #[must_use]
    pub fn turns_back(&self) -> bool {
        self.has("before") && !self.has("after")
    }

    /// Cuts a page that was read with one row more than `limit`, and gives the addresses of the page in front of it and behind it.
    #[must_use]
    pub fn turn<T>(
        &self,
        path: &str,
        rows: &mut Vec<T>,
        limit: usize,
        cursor: impl Fn(&T) -> String,
    ) -> (Option<String>, Option<String>) {
        let more = rows.len() > limit;
        if more && self.turns_back() {
            rows.remove(0);
        }
        rows.truncate(limit);
        let in_front = if self.turns_back() { more } else { self.has("after") };
        let behind = more || self.turns_back();
        let previous = rows.first().filter(|_| in_front).map(|row| self.before(cursor(row)).href(path));
        let next = rows.last().filter(|_| behind).map(|row| self.after(cursor(row)).href(path));
        (previous, next)
    }

    /// The order asked for: key and whether it falls.
    #[must_use]
    pub fn sort(&self) -> Option<(&str, bool)> {
        let sort = self.get(SORT_KEY)?;
        Some(match sort.strip_prefix('-') {
            Some(key) => (key, true),
            None => (sort, false),
        })
    }

    /// The address: `path` with this query, percent-encoded; the bare path when nothing is asked for.
    #[must_use]
    pub fn href(&self, path: &str) -> String {
        if self.0.is_empty() {
            return path.to_owned();
        }
        let mut href = String::with_capacity(path.len() + self.0.len() * 16);
        // Writing to a String cannot fail.
        write!(href, "{path}?{}", self.encode()).unwrap_or_default();
        href
    }

    /// The query alone, percent-encoded, without `?`.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut out = url::form_urlencoded::Serializer::new(String::new());
        out.extend_pairs(self.pairs());
        out.finish()
    }

    fn keep(&self, keep: impl Fn(&str, &str) -> bool) -> Self {
        Self(self.0.iter().filter(|(key, value)| keep(key, value)).cloned().collect())
    }
}

impl<K, V> FromIterator<(K, V)> for Query
where
    K: Into<String>,
    V: Into<String>,
{
    fn from_iter<I>(pairs: I) -> Self
    where
        I: IntoIterator<Item = (K, V)>,
    {
        Self(pairs.into_iter().map(|(key, value)| (key.into(), value.into())).filter(|(_, value)| !value.is_empty()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::Query;
    use proptest::prelude::*;

    #[test]
    fn a_filter_form_leaves_no_empty_fields_in_the_address() {
        let query = Query::parse("?q=Demir&operator=&state=free&state=failed");
        assert_eq!(query.get("operator"), None);
        assert_eq!(query.all("state").collect::<Vec<_>>(), ["free", "failed"]);
        assert_eq!(query.href("/t/k/numbers"), "/t/k/numbers?q=Demir&state=free&state=failed");
    }

    #[test]
    fn with_keeps_the_place_and_without_keeps_the_rest() {
        let query = Query::parse("a=1&b=2&c=3");
        assert_eq!(query.with("b", "9").encode(), "a=1&b=9&c=3");
        assert_eq!(query.with("d", "4").encode(), "a=1&b=2&c=3&d=4");
        assert_eq!(query.with("b", "").encode(), "a=1&c=3");
        assert_eq!(query.without("a").encode(), "b=2&c=3");
        assert_eq!(Query::parse("a=1&a=2&b=3").with("a", "4").encode(), "a=4&b=3");
        assert_eq!(Query::parse("a=1&a=2").without_value("a", "1").encode(), "a=2");
        assert_eq!(Query::default().href("/x"), "/x");
    }

    #[test]
    fn paging_points_one_way_and_falls_with_the_order() {
        let query = Query::parse("q=x&after=c1&sort=-changed");
        assert_eq!(query.before("c2").encode(), "q=x&sort=-changed&before=c2");
        assert_eq!(query.first_page().encode(), "q=x&sort=-changed");
        assert_eq!(query.sort(), Some(("changed", true)));
        assert_eq!(Query::parse("sort=number").sort(), Some(("number", false)));
    }

    #[test]
    fn signs_are_encoded() {
        let query = Query::default().with("q", "+49 30&x=1 ü%");
        assert_eq!(query.encode(), "q=%2B49+30%26x%3D1+%C3%BC%25");
    }

    proptest! {
        #[test]
        fn what_is_written_can_be_read_again(pairs in proptest::collection::vec(("[a-z]{1,6}", ".{1,12}"), 0..6)) {
            let query: Query = pairs.into_iter().collect();
            prop_assert_eq!(Query::parse(&query.encode()), query);
        }

        #[test]
        fn any_text_can_be_read(raw in ".{0,64}") {
            let query = Query::parse(&raw);
            prop_assert_eq!(Query::parse(&query.encode()), query);
        }
    }
}
