//! The words of numbers, targets and assignments, as tables and API write them (API.md 5).

use super::model::Quarantine;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $(#[doc = concat!("`", $text, "`")] $variant),+ }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in tables and on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Reads the word.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }

            /// The words, for refusals: `user, voice_app, conference`.
            #[must_use]
            pub fn listed() -> String {
                Self::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>().join(", ")
            }
        }
    };
}

words! {
    /// What a number is meant for.
    Usage { User = "user", VoiceApp = "voice_app", Conference = "conference" }
}

words! {
    /// What kind of number the numbering plan makes it.
    Kind {
        Geographic = "geographic",
        Mobile = "mobile",
        TollFree = "toll_free",
        National = "national",
        Uifn = "uifn",
    }
}

words! {
    /// What the operator can do with a number.
    Capability {
        Inbound = "inbound",
        Outbound = "outbound",
        User = "user",
        VoiceApp = "voice_app",
        Conference = "conference",
        Emergency = "emergency",
    }
}

words! {
    /// Who sets the emergency address.
    EmergencyMode { OperatorFixed = "operator_fixed", OperatorDefault = "operator_default", Tenant = "tenant" }
}

words! {
    /// How far the operator has followed.
    ActivationState {
        Activated = "activated",
        AssignmentPending = "assignment_pending",
        AssignmentFailed = "assignment_failed",
        UpdatePending = "update_pending",
        UpdateFailed = "update_failed",
    }
}

words! {
    /// To what kind of thing a number is assigned.
    AssignmentStatus {
        Unassigned = "unassigned",
        User = "user",
        Conference = "conference",
        VoiceApplication = "voice_application",
        ThirdPartyApp = "third_party_app",
        Policy = "policy",
    }
}

words! {
    /// Which of a target's numbers it is; private lines take calls only.
    Category { Primary = "primary", Alternate = "alternate", Private = "private" }
}

words! {
    /// What can have a number.
    TargetKind {
        User = "user",
        ResourceAccount = "resource_account",
        ConferenceBridge = "conference_bridge",
        ThirdPartyApp = "third_party_app",
        Policy = "policy",
    }
}

words! {
    /// What an operator's bulk order does.
    OrderKind { Provision = "provision", Change = "change", Release = "release" }
}

words! {
    /// How an order came in.
    Source { Api = "api", Upload = "upload" }
}

impl Usage {
    /// What the operator must be able to do for this usage.
    #[must_use]
    pub fn capability(self) -> Capability {
        match self {
            Self::User => Capability::User,
            Self::VoiceApp => Capability::VoiceApp,
            Self::Conference => Capability::Conference,
        }
    }
}

impl ActivationState {
    /// Whether the operator has still to take the newest event.
    #[must_use]
    pub fn is_pending(self) -> bool {
        matches!(self, Self::AssignmentPending | Self::UpdatePending)
    }
}

impl TargetKind {
    /// What a number of such a target counts as.
    #[must_use]
    pub fn status(self) -> AssignmentStatus {
        match self {
            Self::User => AssignmentStatus::User,
            Self::ResourceAccount => AssignmentStatus::VoiceApplication,
            Self::ConferenceBridge => AssignmentStatus::Conference,
            Self::ThirdPartyApp => AssignmentStatus::ThirdPartyApp,
            Self::Policy => AssignmentStatus::Policy,
        }
    }

    /// Whether numbers of this usage fit such a target.
    #[must_use]
    pub fn takes(self, usage: Usage) -> bool {
        match self {
            Self::User => usage == Usage::User,
            Self::ResourceAccount | Self::ThirdPartyApp => usage == Usage::VoiceApp,
            Self::ConferenceBridge => usage == Usage::Conference,
            Self::Policy => usage != Usage::Conference,
        }
    }

    /// Whether a licence is needed to have a number.
    #[must_use]
    pub fn needs_licence(self) -> bool {
        matches!(self, Self::User | Self::ResourceAccount)
    }
}

impl Quarantine {
    /// The word on the wire: `none`, `until`, `forever`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Until(_) => "until",
            Self::Forever => "forever",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_itself() {
        assert!(Usage::ALL.iter().all(|word| Usage::parse(word.as_str()) == Some(*word)));
        assert!(Capability::ALL.iter().all(|word| Capability::parse(word.as_str()) == Some(*word)));
        assert!(AssignmentStatus::ALL.iter().all(|word| AssignmentStatus::parse(word.as_str()) == Some(*word)));
        assert_eq!(Kind::parse("Mobile"), None);
        assert_eq!(Usage::listed(), "user, voice_app, conference");
    }

    #[test]
    fn every_target_takes_some_number() {
        for kind in TargetKind::ALL {
            assert!(Usage::ALL.iter().any(|usage| kind.takes(*usage)), "{kind:?}");
            assert_ne!(kind.status(), AssignmentStatus::Unassigned);
        }
    }
}
