//! A form with a file in it, as a page sends it (`multipart/form-data`, RFC 7578).

use axum::body::Bytes;
use axum::extract::FromRequest as _;
use axum::extract::Multipart;
use axum::extract::Request;
use axum::extract::multipart::MultipartError;
use http::StatusCode;

use crate::base::Failure;
use crate::base::Problem;

/// What an upload form sent: the part `file`, unless it is empty, and the other parts as text.
#[derive(Debug, Default)]
pub struct UploadForm {
    /// Name and content.
    pub file: Option<(String, Bytes)>,
    texts: Vec<(String, String)>,
}

impl UploadForm {
    /// Reads the body; what was read before it broke off stays. `most_mib`: what the route lets through, for the words of a refusal.
    ///
    /// # Errors
    /// 415 when it is no such form, 413 when it is too large, 400 when it breaks off.
    pub async fn read(&mut self, request: Request, most_mib: u32) -> Result<(), Failure> {
        let mut form = Multipart::from_request(request, &()).await.map_err(|_| {
            Problem::new(415, "content_type_unsupported", "Send the form as multipart/form-data, as the page does.")
        })?;
        let broken = |error: MultipartError| broken(&error, most_mib);
        while let Some(field) = form.next_field().await.map_err(broken)? {
            let name = field.name().unwrap_or_default().to_owned();
            let file_name = field.file_name().map(str::to_owned);
            let bytes = field.bytes().await.map_err(broken)?;
            if name != "file" {
                self.texts.push((name, String::from_utf8_lossy(&bytes).into_owned()));
            } else if !bytes.is_empty() {
                self.file = Some((file_name.unwrap_or_default(), bytes));
            }
        }
        Ok(())
    }

    /// A part by its name; empty when it was not sent.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.texts.iter().rfind(|(known, _)| known == name).map_or("", |(_, text)| text)
    }
}

fn broken(error: &MultipartError, most_mib: u32) -> Failure {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::new(413, "body_too_large", format!("The file is larger than {most_mib} MiB. Send it in parts.")).into()
    } else {
        Problem::new(400, "body_malformed", "The form broke off. Send it again.").into()
    }
}
