//! Where the law asks an employer to inform its people, or to hear those who speak for them, before traces of their calls are kept.
//! A table to look at, no legal advice: it only decides whether the form asks for a confirmation, and names what to read.

/// Country (ISO 3166-1 alpha-2) and the rule.
const RULES: [(&str, &str); 10] = [
    ("AT", "§ 96a ArbVG"),
    ("BE", "CAO/CCT 81"),
    ("CH", "Art. 26 ArGV 3"),
    ("DE", "§ 87 (1) 6 BetrVG"),
    ("ES", "Art. 87 LOPDGDD"),
    ("FI", "759/2004 § 21"),
    ("FR", "Art. L1222-4 Code du travail"),
    ("IT", "Art. 4 L. 300/1970"),
    ("NL", "Art. 27 WOR"),
    ("NO", "§ 9-2 arbeidsmiljøloven"),
];

/// The rule of a country that asks for it.
pub(super) fn rule(country: &str) -> Option<&'static str> {
    RULES.iter().find(|(code, _)| *code == country).map(|(_, rule)| *rule)
}

/// Of these countries, those that ask for it.
pub(super) fn asking(countries: &[String]) -> Vec<String> {
    countries.iter().filter(|country| rule(country).is_some()).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_countries_ask() {
        let countries = ["DE", "GB", "NL", "US"].map(str::to_owned);
        assert_eq!(asking(&countries), ["DE", "NL"]);
        assert!(RULES.windows(2).all(|pair| pair[0].0 < pair[1].0), "sorted, each once");
    }
}
