//! Why a call ended, from the codes both sides use: SIP status (RFC 3261, 21), ITU-T Q.850 cause, who hung up. Pure.
//!
//! A SIP status goes before a Q.850 cause where both are given for a call that nobody answered; RFC 3398, 7.2.4.1 says which of
//! them mean the same.

/// How a call ended, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Answered, and ended by somebody who hung up, or not over yet.
    Answered,
    /// Answered, and ended by a fault.
    CutOff,
    /// It rang and nobody answered.
    NoAnswer,
    Busy,
    /// Refused by the person called or for it.
    Rejected,
    /// Given up by the caller before an answer.
    Cancelled,
    /// It could not be set up.
    Failed,
    /// Neither answered nor over when it was last told of.
    Open,
}

impl Outcome {
    /// In the order of the list to choose from.
    pub const ALL: [Self; 8] =
        [Self::Answered, Self::NoAnswer, Self::Busy, Self::Rejected, Self::Cancelled, Self::Failed, Self::CutOff, Self::Open];

    /// The word in addresses and files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::CutOff => "cut_off",
            Self::NoAnswer => "no_answer",
            Self::Busy => "busy",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
            Self::Open => "open",
        }
    }

    /// Reads [`Outcome::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text)
    }
}

/// On whose side the reason lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    Caller,
    Callee,
    Platform,
    Operator,
    /// Nothing says so.
    Unknown,
}

impl Side {
    /// The word in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Callee => "callee",
            Self::Platform => "platform",
            Self::Operator => "operator",
            Self::Unknown => "unknown",
        }
    }

    /// Reads `ended_by` of a record.
    #[must_use]
    pub fn of(ended_by: Option<&str>) -> Self {
        match ended_by {
            Some("caller") => Self::Caller,
            Some("callee") => Self::Callee,
            Some("platform") => Self::Platform,
            Some("operator") => Self::Operator,
            _ => Self::Unknown,
        }
    }
}

/// What happened, as a sentence to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Somebody hung up after talking.
    HungUp,
    /// Answered and not over when it was last told of.
    Talking,
    /// Not answered and not over when it was last told of.
    SettingUp,
    Busy,
    NoAnswer,
    Rejected,
    Cancelled,
    /// There is no such number.
    NumberUnknown,
    NumberIncomplete,
    NumberChanged,
    /// Not allowed.
    Barred,
    /// The other side's device or line is not there.
    NotReachable,
    /// The other side did not say anything in time.
    TimedOut,
    /// The two sides have no codec or service in common.
    Incompatible,
    /// No line or capacity free.
    Congestion,
    NetworkFault,
    /// One side did not accept the other's credentials.
    NotAuthorised,
    /// A code without words of its own here.
    Other,
    /// No code at all.
    NotTold,
}

/// What a record says about its end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told<'a> {
    pub inbound: bool,
    pub rang: bool,
    pub answered: bool,
    pub ended: bool,
    /// The platform has said its last word.
    pub is_final: bool,
    pub sip_code: Option<i16>,
    pub q850_cause: Option<i16>,
    pub ended_by: Option<&'a str>,
}

/// What is made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    pub outcome: Outcome,
    pub reason: Reason,
    pub side: Side,
    /// The record names the side; else it follows from the code and the direction.
    pub certain: bool,
}

/// Q.850 causes of an ordinary end: 16 normal call clearing, 31 normal, unspecified.
const NORMAL: [i16; 2] = [16, 31];

/// Why a call ended.
#[must_use]
pub fn judge(told: &Told<'_>) -> Cause {
    let by = Side::of(told.ended_by);
    let q850 = told.q850_cause.filter(|cause| !NORMAL.contains(cause));
    if told.answered {
        let fault = q850.is_some() || (told.q850_cause.is_none() && told.sip_code.is_some_and(|code| code >= 400));
        if !fault {
            let reason = if told.ended || told.is_final { Reason::HungUp } else { Reason::Talking };
            return Cause { outcome: Outcome::Answered, reason, side: by, certain: by != Side::Unknown };
        }
        let reason = q850.map_or_else(|| by_sip(told.sip_code.unwrap_or_default()), by_q850);
        return Cause { outcome: Outcome::CutOff, reason, side: by, certain: by != Side::Unknown };
    }
    let sip = told.sip_code.filter(|code| *code >= 300);
    let outcome = unanswered(told, sip, q850);
    let reason = match outcome {
        Outcome::Open => Reason::SettingUp,
        Outcome::Busy => Reason::Busy,
        Outcome::NoAnswer => Reason::NoAnswer,
        Outcome::Rejected => Reason::Rejected,
        Outcome::Cancelled => Reason::Cancelled,
        _ => sip.map(by_sip).or_else(|| q850.map(by_q850)).unwrap_or(Reason::NotTold),
    };
    let (side, certain) = side(told, outcome, reason, by);
    Cause { outcome, reason, side, certain }
}

/// The outcome of a call that nobody answered. `queries_pages.rs` says the same in SQL; a test holds both together.
fn unanswered(told: &Told<'_>, sip: Option<i16>, q850: Option<i16>) -> Outcome {
    let rang_out = q850.is_some_and(|cause| matches!(cause, 18 | 19));
    match (sip, q850) {
        (None, None) if !told.ended && !told.is_final => Outcome::Open,
        (Some(486 | 600), _) | (None, Some(17)) => Outcome::Busy,
        (Some(603 | 607 | 608), _) | (None, Some(21)) => Outcome::Rejected,
        (Some(487), _) => Outcome::Cancelled,
        (Some(408 | 480), _) if told.rang || rang_out => Outcome::NoAnswer,
        (None, Some(18 | 19)) => Outcome::NoAnswer,
        (None, None) if told.ended_by == Some("caller") => Outcome::Cancelled,
        (None, None) if told.rang => Outcome::NoAnswer,
        _ => Outcome::Failed,
    }
}

/// What people did lies with them, whoever passed it on. A fault lies where the record says; else with the side that was asked
/// to take the call: the operator for outbound calls, the platform for inbound ones.
fn side(told: &Told<'_>, outcome: Outcome, reason: Reason, by: Side) -> (Side, bool) {
    match outcome {
        Outcome::Open => (Side::Unknown, false),
        Outcome::Busy | Outcome::NoAnswer | Outcome::Rejected => (Side::Callee, true),
        Outcome::Cancelled => (Side::Caller, true),
        _ if by != Side::Unknown => (by, true),
        _ => match reason {
            Reason::NotTold | Reason::Other => (Side::Unknown, false),
            Reason::NumberUnknown | Reason::NumberIncomplete | Reason::NumberChanged if !told.inbound => (Side::Caller, false),
            Reason::NotReachable => (Side::Callee, false),
            _ if told.inbound => (Side::Platform, false),
            _ => (Side::Operator, false),
        },
    }
}

/// Source: RFC 3261, 21 and the registry of SIP response codes.
fn by_sip(code: i16) -> Reason {
    match code {
        401 | 407 => Reason::NotAuthorised,
        402 | 403 | 405 | 433 | 436..=438 => Reason::Barred,
        404 | 604 => Reason::NumberUnknown,
        301 | 302 | 410 => Reason::NumberChanged,
        408 | 504 => Reason::TimedOut,
        415 | 488 | 606 => Reason::Incompatible,
        420 | 421 | 481 | 482 | 483 | 500 | 501 | 502 | 505 | 513 | 580 => Reason::NetworkFault,
        480 => Reason::NotReachable,
        484 => Reason::NumberIncomplete,
        486 | 600 => Reason::Busy,
        487 => Reason::Cancelled,
        503 => Reason::Congestion,
        603 | 607 | 608 => Reason::Rejected,
        _ => Reason::Other,
    }
}

/// Source: ITU-T Q.850, table 1.
fn by_q850(cause: i16) -> Reason {
    match cause {
        1..=3 => Reason::NumberUnknown,
        17 => Reason::Busy,
        18 | 19 => Reason::NoAnswer,
        20 | 27 => Reason::NotReachable,
        21 => Reason::Rejected,
        22 | 23 => Reason::NumberChanged,
        28 => Reason::NumberIncomplete,
        34 | 42 | 44 | 47 => Reason::Congestion,
        38..=41 | 43 | 46 | 95..=101 | 111 | 127 => Reason::NetworkFault,
        29 | 50..=57 | 87 => Reason::Barred,
        58 | 63 | 65..=70 | 79 | 88 => Reason::Incompatible,
        102 => Reason::TimedOut,
        _ => Reason::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unanswered(sip_code: Option<i16>, q850_cause: Option<i16>) -> Told<'static> {
        Told { ended: true, is_final: true, sip_code, q850_cause, ..Told::default() }
    }

    fn said(told: &Told<'_>) -> (Outcome, Reason, Side, bool) {
        let cause = judge(told);
        (cause.outcome, cause.reason, cause.side, cause.certain)
    }

    #[test]
    fn who_hangs_up_ends_a_call() {
        let told = Told { answered: true, ended_by: Some("callee"), q850_cause: Some(16), ..unanswered(Some(200), None) };
        assert_eq!(said(&told), (Outcome::Answered, Reason::HungUp, Side::Callee, true));
        let told = Told { ended_by: None, q850_cause: None, ..told };
        assert_eq!(said(&told), (Outcome::Answered, Reason::HungUp, Side::Unknown, false));
        let told = Told { ended: false, is_final: false, ..told };
        assert_eq!(said(&told), (Outcome::Answered, Reason::Talking, Side::Unknown, false));
    }

    #[test]
    fn a_fault_cuts_a_call_off() {
        let told = Told { answered: true, ended_by: Some("operator"), ..unanswered(None, Some(41)) };
        assert_eq!(said(&told), (Outcome::CutOff, Reason::NetworkFault, Side::Operator, true));
        let told = Told { answered: true, ..unanswered(Some(503), None) };
        assert_eq!(said(&told), (Outcome::CutOff, Reason::Congestion, Side::Unknown, false));
        let told = Told { answered: true, ..unanswered(Some(503), Some(16)) };
        assert_eq!(judge(&told).outcome, Outcome::Answered, "a normal Q.850 cause is the end's own word");
    }

    #[test]
    fn people_are_told_from_networks() {
        for (sip, q850, outcome) in [
            (Some(486), None, Outcome::Busy),
            (Some(600), Some(41), Outcome::Busy),
            (None, Some(17), Outcome::Busy),
            (Some(603), None, Outcome::Rejected),
            (None, Some(21), Outcome::Rejected),
            (Some(487), None, Outcome::Cancelled),
            (Some(480), Some(19), Outcome::NoAnswer),
            (None, Some(18), Outcome::NoAnswer),
            (Some(480), None, Outcome::Failed),
            (Some(408), None, Outcome::Failed),
            (Some(404), Some(17), Outcome::Failed),
            (Some(503), None, Outcome::Failed),
            (None, Some(34), Outcome::Failed),
            (None, None, Outcome::Failed),
        ] {
            assert_eq!(judge(&unanswered(sip, q850)).outcome, outcome, "{sip:?} {q850:?}");
        }
        for sip in [Some(480), Some(408), None] {
            let told = Told { rang: true, ..unanswered(sip, None) };
            assert_eq!(said(&told), (Outcome::NoAnswer, Reason::NoAnswer, Side::Callee, true), "{sip:?}");
        }
        let told = Told { rang: true, ended_by: Some("caller"), ..unanswered(None, Some(16)) };
        assert_eq!(said(&told), (Outcome::Cancelled, Reason::Cancelled, Side::Caller, true));
    }

    #[test]
    fn a_fault_lies_where_it_is_said_or_with_who_was_asked() {
        let told = Told { ended_by: Some("platform"), ..unanswered(Some(503), None) };
        assert_eq!(said(&told), (Outcome::Failed, Reason::Congestion, Side::Platform, true));
        assert_eq!(said(&unanswered(Some(503), None)).2, Side::Operator, "outbound: the operator was asked");
        let told = Told { inbound: true, ..unanswered(Some(503), None) };
        assert_eq!(said(&told), (Outcome::Failed, Reason::Congestion, Side::Platform, false));
        assert_eq!(said(&unanswered(Some(404), None)), (Outcome::Failed, Reason::NumberUnknown, Side::Caller, false));
        assert_eq!(said(&unanswered(None, None)), (Outcome::Failed, Reason::NotTold, Side::Unknown, false));
        assert_eq!(said(&unanswered(Some(499), None)).1, Reason::Other);
    }

    #[test]
    fn what_is_not_over_is_open() {
        assert_eq!(said(&Told::default()), (Outcome::Open, Reason::SettingUp, Side::Unknown, false));
        let told = Told { is_final: true, ..Told::default() };
        assert_eq!(judge(&told).outcome, Outcome::Failed);
    }

    #[test]
    fn words_read_themselves_and_no_code_is_too_strange() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::parse(outcome.as_str()), Some(outcome));
        }
        for code in [i16::MIN, -1, 0, 1, 199, 300, 699, i16::MAX] {
            let _judged = judge(&unanswered(Some(code), Some(code)));
            let _judged = judge(&Told { answered: true, ..unanswered(Some(code), Some(code)) });
        }
        for side in ["caller", "callee", "platform", "operator"] {
            assert_eq!(Side::of(Some(side)).as_str(), side);
        }
    }
}
