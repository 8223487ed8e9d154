//! The 16 px stroke drawings, in the colour of the text. Always beside a word or inside a labelled control, so hidden from
//! assistive technology.

use super::text::finished;
use leptos::prelude::*;

/// A drawing. Named by what it shows, not by what a page means with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each name says what is drawn")]
pub enum Icon {
    Alert,
    Bars,
    Bell,
    Book,
    Building,
    Check,
    ChevronDown,
    Clock,
    Close,
    Copy,
    Download,
    Filter,
    Gear,
    Globe,
    Hash,
    Home,
    Inbox,
    Info,
    Key,
    Layers,
    List,
    Lock,
    Menu,
    Pause,
    People,
    Phone,
    Pin,
    Play,
    Plug,
    Plus,
    Printer,
    Pulse,
    Refresh,
    Scale,
    Search,
    Send,
    Shield,
    SignOut,
    Undo,
    Upload,
    Warning,
}

impl Icon {
    /// Every drawing, for the gallery.
    pub const ALL: [Self; 41] = [
        Self::Alert,
        Self::Bars,
        Self::Bell,
        Self::Book,
        Self::Building,
        Self::Check,
        Self::ChevronDown,
        Self::Clock,
        Self::Close,
        Self::Copy,
        Self::Download,
        Self::Filter,
        Self::Gear,
        Self::Globe,
        Self::Hash,
        Self::Home,
        Self::Inbox,
        Self::Info,
        Self::Key,
        Self::Layers,
        Self::List,
        Self::Lock,
        Self::Menu,
        Self::Pause,
        Self::People,
        Self::Phone,
        Self::Pin,
        Self::Play,
        Self::Plug,
        Self::Plus,
        Self::Printer,
        Self::Pulse,
        Self::Refresh,
        Self::Scale,
        Self::Search,
        Self::Send,
        Self::Shield,
        Self::SignOut,
        Self::Undo,
        Self::Upload,
        Self::Warning,
    ];

    /// The path data in a box of 16 by 16.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Alert => "M5.5 2h5L14 5.5v5L10.5 14h-5L2 10.5v-5zM8 5v3.5M8 11h.01",
            Self::Bars => "M2.5 13.5h11M4.5 11V7.5M8 11V3.5M11.5 11V6",
            Self::Bell => "M4 11V7a4 4 0 0 1 8 0v4l1 1.5H3zM6.5 14h3",
            Self::Book => "M3 2.5h8.5a1 1 0 0 1 1 1v10H4a1.5 1.5 0 0 1-1-1.5zM3 11.5A1.5 1.5 0 0 1 4.5 10.5h8M6 5.5h4",
            Self::Building => "M3.5 13.5v-11h6v11M9.5 6h3v7.5M2 13.5h12M5.5 5h2M5.5 7.5h2M5.5 10h2",
            Self::Check => "m3 8.5 3.5 3.5 6.5-7.5",
            Self::ChevronDown => "m4.5 6.5 3.5 3.5 3.5-3.5",
            Self::Clock => "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.8V8l2.2 1.5",
            Self::Close => "m4 4 8 8M12 4l-8 8",
            Self::Copy => "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
            Self::Download => "M8 2.5v8M4.5 7.5 8 11l3.5-3.5M2.5 13.5h11",
            Self::Filter => "M2 3.5h12M4.5 8h7M6.5 12.5h3",
            Self::Gear => {
                "M8 10.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4zM8 1.8v2M8 12.2v2M1.8 8h2M12.2 8h2M3.6 3.6 5 5M11 11l1.4 1.4M12.4 3.6 11 5M5 11l-1.4 1.4"
            }
            Self::Globe => {
                "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM2 8h12M8 2c2 1.7 2.6 3.8 2.6 6S10 12.3 8 14M8 2C6 3.7 5.4 5.8 5.4 8S6 12.3 8 14"
            }
            Self::Hash => "M6 2.5 4.5 13.5M11.5 2.5 10 13.5M2.5 5.5h11M2.5 10.5h11",
            Self::Home => "M2.5 7 8 2.5 13.5 7v6.5h-4v-4h-3v4h-4z",
            Self::Inbox => "M2.5 9.5 4.5 3h7l2 6.5v4h-11zM2.5 9.5h3l1 2h3l1-2h3",
            Self::Info => "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 7.5v3.5M8 5h.01",
            Self::Key => "M10.5 2.5a3 3 0 1 1-2.8 4.1L2.5 11.8v1.7h2.5V12h1.5v-1.5h1.5",
            Self::Layers => "m8 2 6 3-6 3-6-3zM2 8l6 3 6-3M2 11l6 3 6-3",
            Self::List => "M5.5 4h8M5.5 8h8M5.5 12h8M2.5 4h.01M2.5 8h.01M2.5 12h.01",
            Self::Lock => "M3.5 7.5h9v6h-9zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5",
            Self::Menu => "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
            Self::Pause => "M5.5 3.5v9M10.5 3.5v9",
            Self::People => {
                "M6 7.5a2.25 2.25 0 1 0 0-4.5 2.25 2.25 0 0 0 0 4.5zM2 13c0-2.2 1.8-3.5 4-3.5s4 1.3 4 3.5M10.5 3.2a2.25 2.25 0 0 1 0 4.1M11.5 9.7c1.5.4 2.5 1.6 2.5 3.3"
            }
            Self::Phone => {
                "M3 2.5h2.5l1.2 3-1.6 1.2a8 8 0 0 0 4.2 4.2l1.2-1.6 3 1.2V13a.8.8 0 0 1-.9.8C6.7 13.3 2.7 9.3 2.2 3.4A.8.8 0 0 1 3 2.5z"
            }
            Self::Pin => "M8 14s4.5-4 4.5-7.5a4.5 4.5 0 0 0-9 0C3.5 10 8 14 8 14zM8 8a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3z",
            Self::Play => "M5 3.5v9l7-4.5z",
            Self::Plug => "M5.5 2v3M10.5 2v3M3.5 5h9v2.5a4.5 4.5 0 0 1-9 0zM8 12v2",
            Self::Plus => "M8 3v10M3 8h10",
            Self::Printer => "M4.5 6V2.5h7V6M4.5 11.5h-2V6h11v5.5h-2M4.5 9.5h7v4h-7z",
            Self::Pulse => "M1.5 8h2l1.5-4.5 3 9 2.5-7 1.5 2.5h2.5",
            Self::Refresh => "M13 8a5 5 0 1 1-1.5-3.6L13 6M13 2.5V6H9.5",
            Self::Scale => "M8 2v12M4.5 14h7M3 4.5h10M3 4.5 1.5 9h3zM13 4.5 11.5 9h3z",
            Self::Search => "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.8 10.8 14 14",
            Self::Send => "M14 2 7 9M14 2 9.5 14 7 9 2 6.5z",
            Self::Shield => "M8 1.8 13 3.5V8c0 3-2 5-5 6.2C5 13 3 11 3 8V3.5zM5.8 8l1.6 1.6 2.8-3",
            Self::SignOut => "M6.5 2.5h-4v11h4M6.5 8h7M10.5 5l3 3-3 3",
            Self::Undo => "M5.5 3 2.5 6l3 3M2.5 6H9a4 4 0 0 1 0 8H6",
            Self::Upload => "M8 11V3M4.5 6 8 2.5 11.5 6M2.5 13.5h11",
            Self::Warning => "M8 2.5 14.5 13.5h-13zM8 6.5v3M8 11.5h.01",
        }
    }

    /// The drawing as a view.
    #[must_use]
    pub fn view(self) -> AnyView {
        finished(format!("<svg class=\"icon\" viewBox=\"0 0 16 16\" aria-hidden=\"true\"><path d=\"{}\"/></svg>", self.path()))
    }
}

/// The product's mark: two arcs that agree.
#[must_use]
pub fn brand_mark() -> AnyView {
    view! {
        <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2.6" stroke-linecap="round" aria-hidden="true">
            <path d="M13.5 4.2A8 8 0 1 0 13.5 19.8"></path>
            <path d="M10.5 8.3a4 4 0 1 1 0 7.4" opacity=".55"></path>
        </svg>
    }
    .into_any()
}
