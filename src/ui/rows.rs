//! The rows of a large table, written straight into one string.
//!
//! Fifty rows of eight cells as views are about two thousand small allocations; as one string they are a handful, and the page is
//! rendered several times faster. Everything that comes in is escaped here. For tables of a few rows, or with forms in them,
//! plain `<tr>` views are easier and fast enough.

use super::Col;
use super::TimeStyle;
use super::Tone;
use super::Viewer;
use super::mark;
use super::text::escape;
use super::text::escape_attribute;
use super::text::finished;
use chrono::DateTime;
use chrono::Utc;
use leptos::prelude::AnyView;

/// A writer of rows: [`Rows::row`] begins a row, [`Rows::cell`] its next cell, and what follows is written into that cell.
///
/// ```ignore
/// let mut rows = Rows::new(&viewer, &cols);
/// for number in &page.numbers {
///     rows.row();
///     rows.cell().tel_link(&number_href(number), &number.e164);
///     rows.cell().text(&number.operator).sub(&number.city);
///     rows.cell().badge(Tone::Ok, "Activated");
///     rows.cell().maybe(number.changed_at, |rows, at| { rows.time(at, TimeStyle::Short); });
/// }
/// view! { <Table label=label cols=cols>{rows.finish()}</Table> }
/// ```
#[derive(Debug)]
pub struct Rows {
    html: String,
    viewer: Viewer,
    /// The opening tag of each column's cells.
    opens: Vec<String>,
    none: String,
    column: usize,
    open: Open,
}

/// What still has to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Nothing,
    Row,
    Cell,
}

impl Rows {
    /// A writer for a table with these columns; its cells get their columns' class and place to leave.
    #[must_use]
    pub fn new(viewer: &Viewer, cols: &[Col]) -> Self {
        Self {
            html: String::with_capacity(32 * 1024),
            viewer: *viewer,
            opens: cols.iter().map(Col::cell_tag).collect(),
            none: mark::dash_html(viewer),
            column: 0,
            open: Open::Nothing,
        }
    }

    /// Begins a row.
    pub fn row(&mut self) -> &mut Self {
        self.close_row();
        self.html.push_str("<tr>");
        self.open = Open::Row;
        self
    }

    /// Begins a row with a mark in a tone at its start.
    pub fn row_toned(&mut self, tone: Tone) -> &mut Self {
        self.close_row();
        self.html.push_str("<tr data-tone=\"");
        self.html.push_str(tone.code());
        self.html.push_str("\">");
        self.open = Open::Row;
        self
    }

    /// Begins the cell of the next column.
    pub fn cell(&mut self) -> &mut Self {
        self.close_cell();
        match self.opens.get(self.column) {
            Some(open) => self.html.push_str(open),
            None => self.html.push_str("<td>"),
        }
        self.column += 1;
        self.open = Open::Cell;
        self
    }

    /// Text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        escape(&mut self.html, text);
        self
    }

    /// A second, smaller line.
    pub fn sub(&mut self, text: &str) -> &mut Self {
        self.element("<span class=\"sub\">", text, "</span>")
    }

    /// A second line that stands only where columns have left: what they said.
    pub fn sub_narrow(&mut self, text: &str) -> &mut Self {
        self.element("<span class=\"sub\" data-show=\"narrow\">", text, "</span>")
    }

    /// A name of a machine's making, in the fixed-width face.
    pub fn id(&mut self, text: &str) -> &mut Self {
        self.element("<span class=\"id\">", text, "</span>")
    }

    /// Text that is cut where it gets too long.
    pub fn clip(&mut self, text: &str) -> &mut Self {
        self.element("<span class=\"clip\">", text, "</span>")
    }

    /// The link of the whole row; one per row.
    pub fn row_link(&mut self, href: &str, text: &str) -> &mut Self {
        self.open_link("<a class=\"row-link\" href=\"", href);
        self.text(text);
        self.html.push_str("</a>");
        self
    }

    /// The link of the whole row, with a telephone number for its text.
    pub fn tel_link(&mut self, href: &str, e164: &str) -> &mut Self {
        self.open_link("<a class=\"row-link\" href=\"", href);
        self.tel(e164);
        self.html.push_str("</a>");
        self
    }

    /// A link beside the row's own.
    pub fn link(&mut self, href: &str, text: &str) -> &mut Self {
        self.open_link("<a href=\"", href);
        self.text(text);
        self.html.push_str("</a>");
        self
    }

    /// A telephone number, grouped; may be masked.
    pub fn tel(&mut self, e164: &str) -> &mut Self {
        mark::push_tel(&mut self.html, e164);
        self
    }

    /// A state.
    pub fn badge(&mut self, tone: Tone, text: &str) -> &mut Self {
        mark::push_badge(&mut self.html, tone, text, false);
        self
    }

    /// A label that somebody gave; several stand apart.
    pub fn tag(&mut self, text: &str) -> &mut Self {
        self.element("<span class=\"tag\">", text, "</span> ")
    }

    /// A whole number with separators.
    pub fn count(&mut self, n: i64) -> &mut Self {
        let shown = self.viewer.count(n);
        self.html.push_str(&shown);
        self
    }

    /// A moment in the viewer's zone.
    pub fn time(&mut self, at: DateTime<Utc>, style: TimeStyle) -> &mut Self {
        mark::push_time(&mut self.html, &self.viewer, at, style, false);
        self
    }

    /// "None" or "not applicable".
    pub fn dash(&mut self) -> &mut Self {
        self.html.push_str(&self.none);
        self
    }

    /// What `write` makes of a value, or a dash.
    pub fn maybe<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) -> &mut Self {
        match value {
            Some(value) => write(self, value),
            None => {
                self.dash();
            }
        }
        self
    }

    /// A text, or a dash.
    pub fn maybe_text(&mut self, text: Option<&str>) -> &mut Self {
        self.maybe(text, |rows, text| {
            rows.text(text);
        })
    }

    /// A box to pick the row with; `label` names the row.
    pub fn pick(&mut self, name: &str, value: &str, label: &str) -> &mut Self {
        self.html.push_str("<input class=\"row-check\" type=\"checkbox\" name=\"");
        escape_attribute(&mut self.html, name);
        self.html.push_str("\" value=\"");
        escape_attribute(&mut self.html, value);
        self.html.push_str("\" aria-label=\"");
        escape_attribute(&mut self.html, label);
        self.html.push_str("\">");
        self
    }

    /// A small button that leads somewhere; `label` is its full name and begins with the word.
    pub fn button_link(&mut self, href: &str, word: &str, label: &str) -> &mut Self {
        self.html.push_str("<a class=\"button\" data-size=\"small\" href=\"");
        escape_attribute(&mut self.html, href);
        self.html.push_str("\" aria-label=\"");
        escape_attribute(&mut self.html, label);
        self.html.push_str("\">");
        self.element("", word, "</a>")
    }

    /// A small button that sends a form of its own; `label` is its full name and begins with the word.
    pub fn action(&mut self, action: &str, fields: &[(&str, &str)], word: &str, label: &str) -> &mut Self {
        self.html.push_str("<form method=\"post\" action=\"");
        escape_attribute(&mut self.html, action);
        self.html.push_str("\">");
        for (name, value) in fields {
            self.html.push_str("<input type=\"hidden\" name=\"");
            escape_attribute(&mut self.html, name);
            self.html.push_str("\" value=\"");
            escape_attribute(&mut self.html, value);
            self.html.push_str("\">");
        }
        self.html.push_str("<button class=\"button\" data-size=\"small\" type=\"submit\" aria-label=\"");
        escape_attribute(&mut self.html, label);
        self.html.push_str("\">");
        self.element("", word, "</button></form>")
    }

    /// The rows as the children of a [`Table`](super::Table).
    #[must_use]
    pub fn finish(mut self) -> AnyView {
        self.close_row();
        finished(self.html)
    }

    fn element(&mut self, open: &str, text: &str, close: &str) -> &mut Self {
        self.html.push_str(open);
        escape(&mut self.html, text);
        self.html.push_str(close);
        self
    }

    fn open_link(&mut self, open: &str, href: &str) {
        self.html.push_str(open);
        escape_attribute(&mut self.html, href);
        self.html.push_str("\">");
    }

    fn close_cell(&mut self) {
        if self.open == Open::Cell {
            self.html.push_str("</td>");
            self.open = Open::Row;
        }
    }

    fn close_row(&mut self) {
        self.close_cell();
        if self.open == Open::Row {
            self.html.push_str("</tr>");
        }
        self.open = Open::Nothing;
        self.column = 0;
    }
}
