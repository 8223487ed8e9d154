//! The text types of component props.

use leptos::prelude::AnyView;
use leptos::prelude::IntoAny as _;
use leptos::tachys::html::InertElement;
use std::borrow::Cow;

/// A required text of a component: takes `&'static str`, `String` and what `tr!` gives, without a copy.
pub type Text = Cow<'static, str>;

/// A text that may be missing: takes the same, and `Option`s of them. An empty `Option` leaves the part out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MaybeText(pub Option<Text>);

impl MaybeText {
    /// Whether there is a text.
    #[must_use]
    pub const fn is_some(&self) -> bool {
        self.0.is_some()
    }
}

impl From<&'static str> for MaybeText {
    fn from(text: &'static str) -> Self {
        Self(Some(Cow::Borrowed(text)))
    }
}

impl From<String> for MaybeText {
    fn from(text: String) -> Self {
        Self(Some(Cow::Owned(text)))
    }
}

impl From<Text> for MaybeText {
    fn from(text: Text) -> Self {
        Self(Some(text))
    }
}

impl<T> From<Option<T>> for MaybeText
where
    T: Into<Text>,
{
    fn from(text: Option<T>) -> Self {
        Self(text.map(Into::into))
    }
}

/// Writes `text` so that it is text inside an HTML element, for the few places where a string of HTML is built by hand.
pub(super) fn escape(out: &mut String, text: &str) {
    push_escaped(out, text, b"&<>");
}

/// Writes `text` so that it may stand inside a quoted attribute.
pub(super) fn escape_attribute(out: &mut String, text: &str) {
    push_escaped(out, text, b"&\"<>");
}

/// All the signs to escape are ASCII, so every cut falls between two signs.
fn push_escaped(out: &mut String, text: &str, signs: &[u8]) {
    let mut from = 0;
    for (place, byte) in text.bytes().enumerate().filter(|(_, byte)| signs.contains(byte)) {
        out.push_str(&text[from..place]);
        out.push_str(match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            _ => "&quot;",
        });
        from = place + 1;
    }
    out.push_str(&text[from..]);
}

/// A finished piece of HTML as a view. The marks that stand in every row are written this way: a string of a hundred bytes costs a
/// tenth of the same element built attribute by attribute. Whatever comes from outside must have gone through [`escape`] or
/// [`escape_attribute`].
pub(super) fn finished(html: String) -> AnyView {
    InertElement::new(html).into_any()
}
