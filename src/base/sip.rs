//! SIP URIs of assigned numbers (RFC 3261, section 19.1.6; no visual separators, RFC 3966, section 5.1.1).

use std::fmt;

use super::E164;

/// `sip:+E164@domain;user=phone`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SipUri(String);

impl SipUri {
    /// The URI of a number in a tenant's SIP domain.
    #[must_use]
    pub fn of(number: &E164, domain: &str) -> Self {
        Self(format!("sip:{number}@{domain};user=phone"))
    }

    /// The URI as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SipUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_becomes_a_phone_uri() {
        let number = E164::parse("+493023125010").expect("valid");
        assert_eq!(SipUri::of(&number, "contoso.sip.example").as_str(), "sip:+493023125010@contoso.sip.example;user=phone");
    }
}
