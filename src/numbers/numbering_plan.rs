//! Reading a number by the public metadata, rule by rule as libphonenumber does. The crate that carries the metadata reads
//! more loosely (it takes a pattern that fits the beginning only, and loses leading zeros), so only its data is used here.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::PoisonError;
use std::sync::RwLock;

use phonenumber::Metadata;
use phonenumber::Type;
use phonenumber::metadata::DATABASE;
use phonenumber::metadata::Descriptor;
use regex::Regex;
use regex::RegexBuilder;

/// What the lengths of the plan say of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    Possible,
    /// Only as it is dialled within its area.
    LocalOnly,
    TooShort,
    /// Between the shortest and the longest, and no number has it.
    Wrong,
    TooLong,
}

/// A number as the plan reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Without the plus sign.
    pub code: u16,
    /// The digits behind the country code, without a prefix that is dialled inside the country only.
    pub national: String,
    /// Such a prefix was there.
    pub trunk: bool,
    /// Id of the plan's region, `001` for codes of no country; the main one of the code when the number fits none.
    pub region: &'static str,
    /// `Unknown` when no pattern fits.
    pub kind: Type,
    pub length: Length,
}

/// Reads the digits of an E.164 number, without the plus sign; `None` for a country code that is not given out and for
/// what is hardly more than one.
pub fn read(digits: &str) -> Option<Planned> {
    let (code, rest) = split(digits)?;
    let regions: Vec<&'static Metadata> = DATABASE.by_code(&code)?;
    let main = *regions.first()?;
    if rest.len() < 2 {
        return None;
    }
    let (national, trunk) = without_prefix(rest, main);
    let found = if regions.len() == 1 { Some(main) } else { regions.iter().copied().find(|region| leads(region, &national)) };
    Some(Planned {
        code,
        kind: found.map_or(Type::Unknown, |region| kind_of(region, &national)),
        region: found.unwrap_or(main).id(),
        length: length_of(main, national.len()),
        national,
        trunk,
    })
}

fn split(digits: &str) -> Option<(u16, &str)> {
    (1..=3).find_map(|length| {
        let (code, rest) = digits.split_at_checked(length)?;
        let code: u16 = code.parse().ok()?;
        DATABASE.region(&code).map(|_| (code, rest))
    })
}

/// Takes off what is dialled inside the country only, unless that makes a number of no possible length.
fn without_prefix(rest: &str, main: &'static Metadata) -> (String, bool) {
    let stripped = strip(rest, main).filter(|stripped| {
        !matches!(length_of(main, stripped.len()), Length::TooShort | Length::LocalOnly | Length::Wrong) && stripped.len() > 1
    });
    match stripped {
        Some(stripped) if stripped != rest => (stripped, true),
        _ => (rest.to_owned(), false),
    }
}

fn strip(rest: &str, main: &'static Metadata) -> Option<String> {
    let prefix = match main.national_prefix_for_parsing() {
        Some(pattern) => beginning(pattern.as_str())?,
        None => beginning(main.national_prefix()?)?,
    };
    let found = prefix.captures(rest)?;
    let end = found.get(0)?.end();
    let last = found.get(found.len() - 1).is_some();
    let stripped = match main.national_prefix_transform_rule() {
        Some(rule) if found.len() > 1 && last => {
            let rule = ["$1", "$2", "$3"].iter().fold(rule.to_owned(), |rule, group| rule.replace(group, &braced(group)));
            prefix.replace(rest, rule.as_str()).into_owned()
        }
        _ => rest[end..].to_owned(),
    };
    let general = main.descriptors().general();
    (!whole(general, rest) || whole(general, &stripped)).then_some(stripped)
}

/// `${1}` of `$1`, so that digits may follow.
fn braced(group: &str) -> String {
    format!("${{{}}}", &group[1..])
}

/// Whether a number belongs to this region of several that share a code.
fn leads(region: &'static Metadata, national: &str) -> bool {
    match region.leading_digits() {
        Some(digits) => beginning(digits.as_str()).is_some_and(|digits| digits.is_match(national)),
        None => kind_of(region, national) != Type::Unknown,
    }
}

fn kind_of(region: &'static Metadata, national: &str) -> Type {
    let all = region.descriptors();
    if !whole(all.general(), national) {
        return Type::Unknown;
    }
    let order = [
        (all.premium_rate(), Type::PremiumRate),
        (all.toll_free(), Type::TollFree),
        (all.shared_cost(), Type::SharedCost),
        (all.voip(), Type::Voip),
        (all.personal_number(), Type::PersonalNumber),
        (all.pager(), Type::Pager),
        (all.uan(), Type::Uan),
        (all.voicemail(), Type::Voicemail),
    ];
    if let Some((_, kind)) = order.into_iter().find(|(desc, _)| desc.is_some_and(|desc| fits(desc, national))) {
        return kind;
    }
    let mobile = all.mobile().is_some_and(|desc| fits(desc, national));
    match all.fixed_line() {
        Some(fixed) if fits(fixed, national) => {
            let same = all.mobile().is_some_and(|mobile| mobile.national_number().as_str() == fixed.national_number().as_str());
            if same || mobile { Type::FixedLineOrMobile } else { Type::FixedLine }
        }
        _ if mobile => Type::Mobile,
        _ => Type::Unknown,
    }
}

fn fits(desc: &'static Descriptor, national: &str) -> bool {
    let lengths = desc.possible_length();
    (lengths.is_empty() || lengths.iter().any(|length| usize::from(*length) == national.len())) && whole(desc, national)
}

fn whole(desc: &'static Descriptor, national: &str) -> bool {
    compiled(desc.national_number().as_str(), true).is_some_and(|pattern| pattern.is_match(national))
}

fn beginning(pattern: &'static str) -> Option<Arc<Regex>> {
    compiled(pattern, false)
}

/// The lengths of all kinds of number of a region together.
fn length_of(region: &'static Metadata, length: usize) -> Length {
    let all = region.descriptors();
    let kinds = [
        all.fixed_line(),
        all.mobile(),
        all.toll_free(),
        all.premium_rate(),
        all.shared_cost(),
        all.personal_number(),
        all.voip(),
        all.pager(),
        all.uan(),
        all.voicemail(),
    ];
    let every = || kinds.into_iter().flatten();
    let is = |known: &u16| usize::from(*known) == length;
    if every().any(|desc| desc.possible_length().iter().any(is)) {
        return Length::Possible;
    }
    if every().any(|desc| desc.possible_local_length().iter().any(is)) {
        return Length::LocalOnly;
    }
    let known = || every().flat_map(|desc| desc.possible_length()).map(|known| usize::from(*known));
    match (known().min(), known().max()) {
        (Some(least), _) if length < least => Length::TooShort,
        (_, Some(most)) if length > most => Length::TooLong,
        _ => Length::Wrong,
    }
}

type Compiled = HashMap<(&'static str, bool), Option<Arc<Regex>>>;

/// Patterns once compiled; a plan has a dozen, and only those of countries asked for are.
static COMPILED: LazyLock<RwLock<Compiled>> = LazyLock::new(RwLock::default);

/// The pattern from the beginning of a number, or over all of it.
fn compiled(pattern: &'static str, whole: bool) -> Option<Arc<Regex>> {
    let key = (pattern, whole);
    if let Some(found) = COMPILED.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return found.clone();
    }
    let text = format!(r"\A(?:{pattern}){}", if whole { r"\z" } else { "" });
    let made = RegexBuilder::new(&text).ignore_whitespace(true).unicode(false).build().ok().map(Arc::new);
    COMPILED.write().unwrap_or_else(PoisonError::into_inner).insert(key, made.clone());
    made
}
