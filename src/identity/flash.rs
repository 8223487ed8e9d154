//! The message an action leaves for the page after it, with the input of a refused form, so that nobody types twice.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

use crate::base::Failure;
use crate::base::RowError;
use crate::store::Store;
use crate::ui;
use crate::ui::Tone;

/// Most bytes a message to a visitor may take in the session.
pub(super) const MOST: usize = 16 * 1024;
/// Most bytes a message to who has signed in may take: ten thousand pasted lines come back from a refused form.
pub(super) const MOST_SIGNED: usize = 1024 * 1024;
/// What secrets in messages are sealed for.
const PLACE: &str = "flash";

/// A message for the next page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    #[serde(serialize_with = "write_tone", deserialize_with = "read_tone")]
    pub tone: Tone,
    /// What happened, in a few words, in the viewer's language.
    pub title: String,
    /// More about it; may be empty.
    #[serde(default)]
    pub text: String,
    /// The code of the refusal; empty when the action was done.
    #[serde(default)]
    pub code: String,
    /// The refused form's input; never passwords.
    #[serde(default)]
    pub fields: Vec<(String, String)>,
    /// What is wrong with which field or row.
    #[serde(default)]
    pub errors: Vec<RowError>,
    /// A secret shown once, sealed.
    #[serde(default)]
    sealed: Option<String>,
}

impl Flash {
    /// It was done.
    #[must_use]
    pub fn done(title: impl Into<String>) -> Self {
        Self { tone: Tone::Ok, title: title.into(), ..Self::default() }
    }

    /// It was refused; `fields` is the form's input.
    #[must_use]
    pub fn refused(failure: &Failure, title: impl Into<String>, text: impl Into<String>, fields: Vec<(String, String)>) -> Self {
        let problem = failure.problem();
        Self {
            tone: Tone::Danger,
            title: title.into(),
            text: text.into(),
            code: problem.code.to_owned(),
            fields,
            errors: problem.errors,
            sealed: None,
        }
    }

    /// Adds a secret that the next page shows once; it rests sealed in the session until then.
    ///
    /// # Errors
    /// Never for texts of usual length.
    pub fn showing(mut self, store: &Store, secret: &str) -> Result<Self, Failure> {
        let sealed = store.secrets.seal(&store.env, PLACE, secret.as_bytes())?;
        self.sealed = Some(BASE64_STANDARD.encode(sealed));
        Ok(self)
    }

    /// The secret to show, if there is one.
    #[must_use]
    pub fn shown(&self, store: &Store) -> Option<String> {
        let sealed = BASE64_STANDARD.decode(self.sealed.as_deref()?).ok()?;
        String::from_utf8(store.secrets.open(PLACE, &sealed).ok()?).ok()
    }

    /// Adds more about it.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// What stood in a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str())
    }

    /// How to mend a field.
    #[must_use]
    pub fn error(&self, field: &str) -> Option<String> {
        self.errors.iter().find(|error| error.field.as_deref() == Some(field)).map(|error| error.fix.clone())
    }

    /// Without secrets, and cut to `most` bytes: longest fields first, then rows, then the text.
    pub(super) fn fitted(mut self, most: usize) -> Self {
        self.fields.retain(|(name, _)| !name.contains("password") && !name.contains("secret"));
        while self.size() > most {
            let longest = self.fields.iter().enumerate().max_by_key(|(_, (name, value))| name.len() + value.len());
            if let Some((place, _)) = longest {
                self.fields.remove(place);
            } else if !self.errors.is_empty() {
                self.errors.truncate(self.errors.len() / 2);
            } else {
                self.title = self.title.chars().take(200).collect();
                self.text = self.text.chars().take(2000).collect();
                break;
            }
        }
        self
    }

    fn size(&self) -> usize {
        serde_json::to_string(self).map_or(0, |text| text.len())
    }
}

impl From<Flash> for ui::Flash {
    fn from(flash: Flash) -> Self {
        Self { tone: flash.tone, title: flash.title, text: flash.text }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn write_tone<S: Serializer>(tone: &Tone, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(tone.code())
}

fn read_tone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tone, D::Error> {
    let code = String::deserialize(deserializer)?;
    Ok(Tone::from_code(&code).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_fits_its_session_and_holds_no_secret() {
        let fields = vec![
            ("password".to_owned(), "hunter22".to_owned()),
            ("email".to_owned(), "a@b.example".to_owned()),
            ("rows".to_owned(), "x".repeat(40_000)),
        ];
        let flash = Flash { fields, ..Flash::done("Saved") }.fitted(MOST);
        assert_eq!(flash.fields, vec![("email".to_owned(), "a@b.example".to_owned())]);
        let lines = vec![("text".to_owned(), "+493023125010\tmara@acme.example\n".repeat(10_000))];
        let refused = Flash { fields: lines.clone(), ..Flash::done("Not made") }.fitted(MOST_SIGNED);
        assert_eq!(refused.fields, lines, "who pasted them does not paste them again");
        let long = Flash::done("x".repeat(40_000)).text("y".repeat(40_000)).fitted(MOST);
        assert!(long.size() <= MOST);
        let json = serde_json::to_value(&flash).expect("JSON");
        assert_eq!(serde_json::from_value::<Flash>(json).expect("read"), flash);
    }
}
