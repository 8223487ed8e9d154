//! Masking of outside parties' numbers by the tenant's country.

/// How many last digits a tenant of this country may not see of outside parties.
/// Source: Microsoft's PSTN usage report, retrieved for `domain.md` B3.
#[must_use]
pub fn hidden_digits(country: &str) -> usize {
    match country {
        "BE" | "DE" | "DK" | "ES" | "FI" | "IT" | "NL" | "NO" | "SE" => 3,
        "CH" | "FR" => 4,
        _ => 0,
    }
}

/// Replaces the last `hidden` digits by `sign`: `•` on pages, `*` in the API and files.
#[must_use]
pub fn mask(number: &str, hidden: usize, sign: char) -> String {
    let total = number.chars().filter(char::is_ascii_digit).count();
    let mut seen = 0;
    number
        .chars()
        .map(|c| {
            if !c.is_ascii_digit() {
                return c;
            }
            seen += 1;
            if seen > total.saturating_sub(hidden) { sign } else { c }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_digits_are_hidden() {
        assert_eq!(mask("+442079460123", hidden_digits("DE"), '*'), "+442079460***");
        assert_eq!(mask("+33199001234", hidden_digits("CH"), '•'), "+3319900••••");
        assert_eq!(mask("+442079460123", hidden_digits("GB"), '*'), "+442079460123");
        assert_eq!(mask("+12", 4, '*'), "+**");
    }
}
