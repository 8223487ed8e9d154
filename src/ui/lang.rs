//! Who looks at the page: language, time zone, theme, and the clock of this request. And the texts.

use chrono::DateTime;
use chrono::Utc;
use chrono_tz::Tz;
use leptos::prelude::use_context;
use std::borrow::Cow;
use std::fmt::Display;
use std::fmt::Write as _;

/// A language the portal speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    /// English, also the fallback for a missing text.
    #[default]
    En,
    /// German.
    De,
}

impl Lang {
    /// Every language, in the order in which it is offered.
    pub const ALL: [Self; 2] = [Self::En, Self::De];

    /// The BCP 47 code, for `<html lang>` and the locale files.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
        }
    }

    /// The language's name in itself.
    #[must_use]
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::De => "Deutsch",
        }
    }

    /// Reads a code such as `de`, `DE` or `de-CH`. `None`: a language the portal does not speak.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let primary = code.trim().split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|lang| lang.code().eq_ignore_ascii_case(primary))
    }

    /// The best language for an `Accept-Language` header: highest weight first, then order. Source: RFC 9110 12.5.4.
    #[must_use]
    pub fn from_accept_language(header: &str) -> Self {
        let mut best: Option<(Self, f32)> = None;
        for item in header.split(',') {
            let mut parts = item.split(';');
            let code = parts.next().unwrap_or_default().trim();
            let weight = parts.find_map(|part| part.trim().strip_prefix("q=")?.parse::<f32>().ok()).unwrap_or(1.0);
            let lang = if code == "*" { Some(Self::default()) } else { Self::from_code(code) };
            if let Some(lang) = lang
                && weight > 0.0
                && best.is_none_or(|(_, held)| weight > held)
            {
                best = Some((lang, weight));
            }
        }
        best.map_or_else(Self::default, |(lang, _)| lang)
    }
}

/// Light, dark, or what the device says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Theme {
    /// As the device says.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// The word for forms and storage.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Reads [`Theme::code`]; anything else is `None`.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::System, Self::Light, Self::Dark].into_iter().find(|theme| theme.code() == code)
    }

    /// The value of `<html data-theme>`; `None` leaves the attribute out.
    #[must_use]
    pub const fn attribute(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }
}

/// How this request's person sees things. Provided once per request with `provide_context(Viewer { .. })`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// Language of all texts, months and separators.
    pub lang: Lang,
    /// Zone in which every time is shown.
    pub time_zone: Tz,
    /// Colours.
    pub theme: Theme,
    /// The moment the page is made, by the request's clock; decides what "today" and "this year" mean.
    pub now: DateTime<Utc>,
}

impl Default for Viewer {
    /// English, UTC, and a "now" so long ago that every time is written in full.
    fn default() -> Self {
        Self { lang: Lang::En, time_zone: Tz::UTC, theme: Theme::System, now: DateTime::UNIX_EPOCH }
    }
}

/// The viewer of this request; the default one when none was provided. Call it once per page and hand it down:
/// each call walks the owners up to the root.
#[must_use]
pub fn viewer() -> Viewer {
    use_context::<Viewer>().unwrap_or_default()
}

/// The viewer's language.
#[must_use]
pub fn lang() -> Lang {
    viewer().lang
}

/// The text of `key` in `lang` with its `%{name}` places filled; English when the language lacks it, the key when both do.
/// Use [`tr!`](crate::tr) instead of calling it.
#[must_use]
pub fn translate(lang: Lang, key: &'static str, arguments: &[(&str, &dyn Display)]) -> Cow<'static, str> {
    let Some(text) = crate::_rust_i18n_try_translate(lang.code(), key) else {
        return Cow::Borrowed(key);
    };
    if arguments.is_empty() {
        return text;
    }
    Cow::Owned(fill(&text, arguments))
}

/// The text of a key that is put together at run time, for example by a refusal's code; `None` when there is none.
#[must_use]
pub fn translate_any(lang: Lang, key: &str) -> Option<Cow<'static, str>> {
    crate::_rust_i18n_try_translate(lang.code(), key)
}

/// Puts the arguments into their `%{name}` places; an unknown name stays as it is.
fn fill(text: &str, arguments: &[(&str, &dyn Display)]) -> String {
    let mut filled = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(start) = rest.find("%{") {
        let Some(length) = rest[start..].find('}') else {
            break;
        };
        let name = &rest[start + 2..start + length];
        filled.push_str(&rest[..start]);
        match arguments.iter().find(|(argument, _)| *argument == name) {
            // Writing to a String cannot fail.
            Some((_, value)) => write!(filled, "{value}").unwrap_or_default(),
            None => filled.push_str(&rest[start..=start + length]),
        }
        rest = &rest[start + length + 1..];
    }
    filled.push_str(rest);
    filled
}

/// A text in the viewer's language, as `Cow<'static, str>`.
///
/// ```ignore
/// tr!("numbers.title")                       // language from the viewer
/// tr!("numbers.held_by", name = person)      // fills %{name}
/// tr!(in viewer.lang, "numbers.title")       // language at hand: cheaper inside rows
/// ```
#[macro_export]
macro_rules! tr {
    (in $lang:expr, $key:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::ui::translate($lang, $key, &[$((stringify!($name), &$value as &dyn ::std::fmt::Display)),*])
    };
    ($key:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::tr!(in $crate::ui::lang(), $key $(, $name = $value)*)
    };
}

/// A text that counts: takes `<key>.one` for exactly 1 and `<key>.other` for all else, and fills `%{n}` with the
/// number in the language's own writing.
///
/// ```ignore
/// trn!("numbers.found", 1_204)               // "1,204 numbers"
/// trn!(in viewer.lang, "numbers.found", 1)   // "1 number"
/// ```
#[macro_export]
macro_rules! trn {
    (in $lang:expr, $key:literal, $n:expr $(, $name:ident = $value:expr)* $(,)?) => {{
        let lang: $crate::ui::Lang = $lang;
        let n = i64::try_from($n).unwrap_or(i64::MAX);
        let key = if n == 1 { concat!($key, ".one") } else { concat!($key, ".other") };
        let shown = $crate::ui::count(lang, n);
        $crate::ui::translate(
            lang,
            key,
            &[("n", &shown as &dyn ::std::fmt::Display) $(, (stringify!($name), &$value as &dyn ::std::fmt::Display))*],
        )
    }};
    ($key:literal, $n:expr $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::trn!(in $crate::ui::lang(), $key, $n $(, $name = $value)*)
    };
}

#[cfg(test)]
mod tests {
    use super::Lang;
    use super::fill;

    #[test]
    fn accept_language_takes_the_heaviest_known_language() {
        assert_eq!(Lang::from_accept_language("de-CH,de;q=0.9,en;q=0.8"), Lang::De);
        assert_eq!(Lang::from_accept_language("fr,en;q=0.4,de;q=0.7"), Lang::De);
        assert_eq!(Lang::from_accept_language("fr, es"), Lang::En);
        assert_eq!(Lang::from_accept_language("de;q=0, en;q=0.1"), Lang::En);
        assert_eq!(Lang::from_accept_language(""), Lang::En);
        assert_eq!(Lang::from_accept_language("*"), Lang::En);
        assert_eq!(Lang::from_accept_language("garbage;;;q=x, DE_at"), Lang::De);
    }

    #[test]
    fn places_are_filled_and_unknown_ones_stay() {
        assert_eq!(fill("%{a} of %{b}", &[("a", &1), ("b", &"x")]), "1 of x");
        assert_eq!(fill("100 % of %{c} %{", &[("a", &1)]), "100 % of %{c} %{");
    }
}
