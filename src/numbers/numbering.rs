//! What the public numbering plan says of a number (libphonenumber's metadata). A number it does not list may exist all
//! the same: new ranges, international freephone, machines. So what it says is a warning with a reason, never a wall.

use phonenumber::Type;
use phonenumber::metadata::DATABASE;

use super::numbering_plan;
use super::numbering_plan::Length;
use super::numbering_plan::Planned;
use super::words::Kind;
use crate::base::E164;

/// Why the plan does not list a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlisted {
    /// No country has this code.
    CountryCode,
    TooShort,
    TooLong,
    /// Numbers there are shorter or longer, never of this length.
    Length,
    /// The length is right; the range is not given out.
    Range,
    /// It is listed without the digits that are dialled inside the country only.
    Trunk,
}

impl Unlisted {
    /// The reason in plain words; `better` is the number as it should be.
    #[must_use]
    pub fn words(self, better: Option<&str>) -> String {
        match self {
            Self::CountryCode => "No country has this country code.".to_owned(),
            Self::TooShort => "It is too short for a number of its country.".to_owned(),
            Self::TooLong => "It is too long for a number of its country.".to_owned(),
            Self::Length => "No number of its country has this many digits.".to_owned(),
            Self::Range => "Its range is not given out in its country.".to_owned(),
            Self::Trunk => {
                let better = better.map(|better| format!(" Did you mean {better}?")).unwrap_or_default();
                format!("It carries digits that are dialled inside the country only.{better}")
            }
        }
    }
}

/// What the plan says of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The plan lists it as one that is given out.
    pub listed: bool,
    /// ISO 3166-1 alpha-2; of the country code when the plan does not list the number; `None` for codes of no country.
    pub country: Option<String>,
    /// `None` when the plan does not list it or knows no kind of ours.
    pub kind: Option<Kind>,
    /// Why not listed, or why not to be taken as it stands.
    pub doubt: Option<Unlisted>,
    /// The number as it should be, when it carries a prefix that does not belong there.
    pub better: Option<String>,
}

/// Asks the plan.
#[must_use]
pub fn read(number: &E164) -> Reading {
    let digits = number.as_str().trim_start_matches('+');
    let Some(plan) = numbering_plan::read(digits) else {
        let doubt = if starts_with_code(digits) { Unlisted::TooShort } else { Unlisted::CountryCode };
        return Reading { listed: false, country: country_of_code(digits), kind: None, doubt: Some(doubt), better: None };
    };
    let listed = plan.kind != Type::Unknown;
    let better = plan.trunk.then(|| format!("+{}{}", plan.code, plan.national));
    let doubt = match plan.length {
        _ if listed && plan.trunk => Some(Unlisted::Trunk),
        _ if listed => None,
        Length::TooShort | Length::LocalOnly => Some(Unlisted::TooShort),
        Length::TooLong => Some(Unlisted::TooLong),
        Length::Wrong => Some(Unlisted::Length),
        Length::Possible => Some(Unlisted::Range),
    };
    Reading { listed, country: country_id(plan.region), kind: kind_of(&plan), doubt, better: better.filter(|_| listed) }
}

fn starts_with_code(digits: &str) -> bool {
    code_regions(digits).is_some()
}

fn country_of_code(digits: &str) -> Option<String> {
    code_regions(digits).and_then(country_id)
}

/// The main region of the code that the digits begin with.
fn code_regions(digits: &str) -> Option<&'static str> {
    (1..=3).find_map(|length| {
        let code: u16 = digits.get(..length)?.parse().ok()?;
        DATABASE.region(&code).and_then(|regions| regions.first().copied())
    })
}

fn country_id(region: &str) -> Option<String> {
    Some(region.to_owned()).filter(|id| id.len() == 2 && id.bytes().all(|b| b.is_ascii_uppercase()))
}

fn kind_of(plan: &Planned) -> Option<Kind> {
    if plan.code == 800 {
        return Some(Kind::Uifn);
    }
    match plan.kind {
        Type::FixedLine | Type::FixedLineOrMobile => Some(Kind::Geographic),
        Type::Mobile => Some(Kind::Mobile),
        Type::TollFree => Some(Kind::TollFree),
        Type::SharedCost | Type::PersonalNumber | Type::Voip | Type::Uan | Type::PremiumRate => Some(Kind::National),
        _ => None,
    }
}

/// Reads the metadata, which takes a moment once; call it at start so that no request waits.
pub fn warm() {
    if let Ok(number) = E164::parse("+493023125010") {
        let _reading = read(&number);
    }
}

/// Whether the plan lists the number as one that is given out.
#[must_use]
pub fn listed(number: &E164) -> bool {
    read(number).listed
}

/// The country (ISO 3166-1 alpha-2) of the number, or of its country code when the plan does not list it; `None` for
/// codes of no country such as +800 and for codes not given out.
#[must_use]
pub fn country(number: &E164) -> Option<String> {
    read(number).country
}

/// The kind the plan gives the number; `None` when it does not list it or knows no kind of ours.
#[must_use]
pub fn kind(number: &E164) -> Option<Kind> {
    read(number).kind
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Python's phonenumbers says; how it was made stands in `tests/numbering.py`.
    const PYTHON: &str = include_str!("tests/numbering.tsv");

    fn told(text: &str) -> (bool, Option<String>, Option<Kind>) {
        let number = E164::parse(text).expect("valid");
        (listed(&number), country(&number), kind(&number))
    }

    fn doubt(text: &str) -> Option<Unlisted> {
        read(&E164::parse(text).expect("valid")).doubt
    }

    #[test]
    fn the_plan_is_asked() {
        assert_eq!(told("+493023125010"), (true, Some("DE".into()), Some(Kind::Geographic)));
        assert_eq!(told("+441134960001"), (true, Some("GB".into()), Some(Kind::Geographic)));
        assert_eq!(told("+448081570001"), (true, Some("GB".into()), Some(Kind::TollFree)));
        assert_eq!(told("+491713920001"), (true, Some("DE".into()), Some(Kind::Mobile)));
        assert_eq!(told("+33199001234").1, Some("FR".into()));
    }

    #[test]
    fn what_the_plan_does_not_list_still_has_a_country() {
        let (listed, country, _) = told("+441632960001");
        assert_eq!((listed, country), (false, Some("GB".into())));
        assert_eq!(told("+999123456789"), (false, None, None));
        assert_eq!(told("+80012345678").1, None);
        assert_eq!(told("+80012345678").2, Some(Kind::Uifn));
    }

    #[test]
    fn every_doubt_has_its_reason() {
        assert_eq!(doubt("+493023125010"), None);
        assert_eq!(doubt("+441632960001"), Some(Unlisted::Range));
        assert_eq!(doubt("+999123456789"), Some(Unlisted::CountryCode));
        assert_eq!(doubt("+4411349"), Some(Unlisted::TooShort));
        assert_eq!(doubt("+44113496000123"), Some(Unlisted::TooLong));
        assert_eq!(doubt("+653123"), Some(Unlisted::TooShort));
        assert_eq!(doubt("+65312345678"), Some(Unlisted::Length));
        assert_eq!(doubt("+4903023125010"), Some(Unlisted::Trunk));
        let trunk = read(&E164::parse("+4903023125010").expect("valid"));
        assert_eq!(trunk.better.as_deref(), Some("+493023125010"));
        assert!(trunk.doubt.expect("a doubt").words(trunk.better.as_deref()).contains("+493023125010"));
    }

    #[test]
    fn five_thousand_numbers_read_as_python_reads_them() {
        let kind = |word: &str| match word {
            "fixed" | "either" => Some(Kind::Geographic),
            "mobile" => Some(Kind::Mobile),
            "free" => Some(Kind::TollFree),
            "shared" | "personal" | "voip" | "uan" | "premium" => Some(Kind::National),
            "pager" | "voicemail" | "-" => None,
            other => panic!("{other} is no type of the library"),
        };
        let (mut rows, mut faults, mut countries) = (0, Vec::new(), std::collections::BTreeSet::new());
        for line in PYTHON.lines().filter(|line| !line.starts_with('#')) {
            let cells: Vec<&str> = line.split('\t').collect();
            let [text, valid, region, word, length] = cells[..] else { panic!("five cells: {line}") };
            let reading = read(&E164::parse(text).expect("a number"));
            let why = match length {
                "ok" => Unlisted::Range,
                "code" => Unlisted::CountryCode,
                "short" | "local" => Unlisted::TooShort,
                "length" => Unlisted::Length,
                "long" => Unlisted::TooLong,
                other => panic!("{other} is no length of the library"),
            };
            let listed = valid == "1";
            let country = Some(region.to_owned()).filter(|region| region != "-");
            let doubt = if listed { reading.doubt.filter(|doubt| *doubt == Unlisted::Trunk) } else { Some(why) };
            if (reading.listed, &reading.country, reading.kind, reading.doubt) != (listed, &country, kind(word), doubt) {
                faults.push(format!("{line}: {reading:?}"));
            }
            rows += 1;
            countries.insert(region);
        }
        assert!(faults.is_empty(), "{} of {rows} differ:\n{}", faults.len(), faults.join("\n"));
        assert_eq!(rows, 5_000);
        assert!(countries.len() >= 40, "{countries:?}");
    }
}
