//! The number that moved from one tenant to another.

use chrono::TimeDelta;

use super::numbers::Maker;
use super::numbers::Note;
use super::numbers::blank;
use super::plan::MOVED;
use crate::numbers::StockLocation;

impl Maker<'_> {
    /// Contoso had it and gave it back; Säntis has it since.
    pub(super) fn moved(&mut self) {
        let (from, until) = (self.day(371), self.day(160));
        let mut number = blank(MOVED.to_owned(), "DE", "geographic", from);
        number.tenant_id = self.making.tenant("contoso").0;
        number.operator_id = self.making.operator("norvik").0;
        number.city = Some("Cologne".to_owned());
        number.billing_ref = Some("K-4711".to_owned());
        number.emergency_mode = "tenant";
        let free = ("unassigned", "activated");
        self.holding(&number, from, Some(until));
        let mut note =
            Note { at: from, kind: "provisioned", actor: ("operator", None), seq: 0, before: None, after: free, target: None };
        self.note(&number, &note);
        note.at = until;
        note.kind = "released";
        note.seq = 1;
        note.before = Some(free);
        self.note(&number, &note);

        let again = until + TimeDelta::hours(3);
        number.tenant_id = self.making.tenant("saentis").0;
        let site = |row: &&StockLocation| row.tenant_id == number.tenant_id && row.city == "Cologne";
        number.emergency_location_id = self.rows.locations.iter().find(site).map(|row| row.id);
        number.number_seq = 1;
        number.created_at = again;
        number.changed_at = again;
        self.holding(&number, again, None);
        note.at = again;
        note.kind = "provisioned";
        note.before = None;
        self.note(&number, &note);
        self.tags(&number, "cologne");
        self.rows.numbers.push(number);
    }
}
