//! Telephone numbers grouped for reading.
//!
//! The numbering library's own formatter costs about 5 µs a number and 90 ms at its first use; a page of 50 rows would spend as
//! long on it as on everything else. So the plans met every day are grouped by rules of a few lines, and only other numbers
//! go to the library. Grouping is for the eye alone: whether a number is valid is decided elsewhere.

/// The sign that stands for one hidden digit on pages.
pub const HIDDEN: char = '•';

/// An E.164 number, whose last digits may be hidden, with spaces where a reader expects them: `+49 30 23125 014`,
/// `+44 20 7946 0•••`. `*` is shown as `•`. What does not start with `+` and a digit comes back as it is.
#[must_use]
pub fn group_tel(e164: &str) -> String {
    let Some(rest) = e164.strip_prefix('+') else {
        return e164.to_owned();
    };
    let well_formed = rest.starts_with(|first: char| first.is_ascii_digit())
        && rest.chars().all(|sign| sign.is_ascii_digit() || sign == HIDDEN || sign == '*');
    if !well_formed {
        return e164.to_owned();
    }
    let code_length = country_code_length(rest);
    let (Some(code), Some(national)) = (rest.get(..code_length), rest.get(code_length..)) else {
        return e164.to_owned();
    };
    if national.is_empty() {
        return e164.to_owned();
    }
    let Some(groups) = groups(code, national) else {
        return by_library(e164).unwrap_or_else(|| spaced(code, national, &[3, 3, 3, 3]));
    };
    spaced(code, national, &groups)
}

/// How many digits the country code has. Source: ITU-T E.164, list of assigned country codes.
fn country_code_length(digits: &str) -> usize {
    let bytes = digits.as_bytes();
    match (bytes.first(), bytes.get(1)) {
        (Some(b'1' | b'7'), _) => 1,
        (Some(b'2'), Some(b'0' | b'7'))
        | (Some(b'3'), Some(b'0'..=b'4' | b'6' | b'9'))
        | (Some(b'4'), Some(b'0' | b'1' | b'3'..=b'9'))
        | (Some(b'5'), Some(b'1'..=b'8'))
        | (Some(b'6'), Some(b'0'..=b'6'))
        | (Some(b'8'), Some(b'1' | b'2' | b'4' | b'6'))
        | (Some(b'9'), Some(b'0'..=b'5' | b'8')) => 2,
        _ => 3,
    }
}

/// Lengths of the groups after the country code; 0 ends the list, the last group takes the rest.
/// `None`: a plan without rules here.
#[expect(clippy::match_same_arms, reason = "one line per plan, in the order of the codes")]
fn groups(code: &str, national: &str) -> Option<[usize; 4]> {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| national.starts_with(prefix));
    Some(match code {
        "1" | "34" | "48" | "351" | "420" => [3, 3, 0, 0],
        "31" if starts(&["6"]) => [1, 0, 0, 0],
        "31" | "32" => [2, 3, 0, 0],
        "33" => [1, 2, 2, 2],
        "41" => [2, 3, 2, 0],
        "43" | "353" if starts(&["1"]) => [1, 3, 0, 0],
        "43" => [3, 3, 0, 0],
        "44" => british(national),
        "45" | "47" => [2, 2, 2, 0],
        "46" if starts(&["8"]) => [1, 3, 3, 0],
        "46" => [2, 3, 2, 0],
        "49" => german(national),
        "61" => [1, 4, 0, 0],
        "353" => [2, 3, 0, 0],
        _ => return None,
    })
}

fn german(national: &str) -> [usize; 4] {
    let area = german_area(national);
    let subscriber = national.chars().count().saturating_sub(area);
    // The last three stand apart: in a block of numbers they are what differs.
    [area, if subscriber > 5 { subscriber - 3 } else { 0 }, 0, 0]
}

fn british(national: &str) -> [usize; 4] {
    let bytes = national.as_bytes();
    match (bytes.first(), bytes.get(1), bytes.get(2)) {
        (Some(b'2'), _, _) => [2, 4, 0, 0],
        (Some(b'1'), Some(b'1'), _) | (Some(b'1'), _, Some(b'1')) | (Some(b'3' | b'8' | b'9'), _, _) => [3, 3, 0, 0],
        _ => [4, 0, 0, 0],
    }
}

/// Length of a German area or mobile code. Source: the national numbering plan; every third digit 1 ends a code, and
/// the others of three digits are listed. Good enough to read by.
fn german_area(national: &str) -> usize {
    const THREE: [&str; 17] =
        ["202", "203", "208", "209", "212", "214", "228", "234", "335", "340", "345", "355", "365", "375", "385", "395", "906"];
    let bytes = national.as_bytes();
    if ["30", "40", "69", "89"].iter().any(|city| national.starts_with(city)) {
        return 2;
    }
    match (bytes.first(), bytes.get(1), bytes.get(2)) {
        (Some(b'1'), Some(b'5'), _) => 4,
        (Some(b'1' | b'8'), Some(b'0' | b'6' | b'7'), _) | (_, _, Some(b'1')) => 3,
        _ if national.get(..3).is_some_and(|area| THREE.contains(&area)) => 3,
        _ => 4,
    }
}

/// The library's grouping; `None` when it cannot read the number or would show other digits than it has.
fn by_library(e164: &str) -> Option<String> {
    if !e164[1..].bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let number = phonenumber::parse(None, e164).ok()?;
    let shown = number.format().mode(phonenumber::Mode::International).to_string();
    let digits = shown.bytes().filter(u8::is_ascii_digit);
    digits.eq(e164.bytes().skip(1)).then_some(shown)
}

fn spaced(code: &str, national: &str, lengths: &[usize]) -> String {
    let mut out = String::with_capacity(code.len() + national.len() + 6);
    out.push('+');
    out.push_str(code);
    out.push(' ');
    let mut lengths = lengths.iter().copied().filter(|length| *length > 0);
    let mut left = lengths.next();
    for sign in national.chars() {
        if left == Some(0) {
            out.push(' ');
            left = lengths.next();
        }
        out.push(if sign == '*' { HIDDEN } else { sign });
        left = left.map(|left| left - 1);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::group_tel;
    use proptest::prelude::*;

    #[test]
    fn known_plans_are_grouped_as_people_write_them() {
        for (e164, shown) in [
            ("+493023125014", "+49 30 23125 014"),
            ("+494066969117", "+49 40 66969 117"),
            ("+492214710118", "+49 221 4710 118"),
            ("+491713920012", "+49 171 3920 012"),
            ("+442079460123", "+44 20 7946 0123"),
            ("+441134960123", "+44 113 496 0123"),
            ("+441632960000", "+44 1632 960000"),
            ("+448081570123", "+44 808 157 0123"),
            ("+12025550143", "+1 202 555 0143"),
            ("+33199001234", "+33 1 99 00 12 34"),
            ("+41445550123", "+41 44 555 01 23"),
            ("+61255501234", "+61 2 5550 1234"),
            ("+35312091000", "+353 1 209 1000"),
            ("+46846500400", "+46 8 465 004 00"),
        ] {
            assert_eq!(group_tel(e164), shown);
        }
    }

    #[test]
    fn hidden_digits_are_dots_and_keep_their_places() {
        assert_eq!(group_tel("+442079460***"), "+44 20 7946 0•••");
        assert_eq!(group_tel("+49302312••••"), "+49 30 2312• •••");
        assert_eq!(group_tel("+99912345•••"), "+999 123 45• ••");
    }

    #[test]
    fn other_plans_come_from_the_numbering_library_or_in_threes() {
        assert_eq!(group_tel("+80012345678"), "+800 1234 5678");
        assert_eq!(group_tel("+390612345678"), "+39 06 1234 5678");
        assert_eq!(group_tel("+999123456789"), "+999 123 456 789");
    }

    #[test]
    fn what_is_no_number_stays_as_it_is() {
        for text in ["", "+", "anonymous", "+49x", "0049", "+•••"] {
            assert_eq!(group_tel(text), text);
        }
    }

    proptest! {
        #[test]
        fn only_spaces_are_added(e164 in "\\+[1-9][0-9]{0,14}") {
            let digits: String = group_tel(&e164).chars().filter(|sign| *sign == '+' || sign.is_ascii_digit()).collect();
            prop_assert_eq!(digits, e164);
        }
    }
}
