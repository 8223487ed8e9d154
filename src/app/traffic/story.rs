//! Who sent which SIP message when, for the calls that keep it.

use chrono::TimeDelta;

use super::wire::CallRow;
use super::wire::SignalRow;

/// The messages of a call, told from the times of its record.
pub fn signalling(row: &CallRow) -> Vec<SignalRow> {
    // The side that calls sends the requests of the set-up.
    let (calling, called) = if row.direction == "inbound" { ("operator", "platform") } else { ("platform", "operator") };
    let request = |at, side, method| SignalRow { at, side, method: Some(method), code: None, phrase: None };
    let answer = |at, side, code, phrase| SignalRow { at, side, method: None, code: Some(code), phrase: Some(phrase) };
    let mut story = vec![
        request(row.invited_at, calling, "INVITE"),
        answer(row.invited_at + TimeDelta::milliseconds(24), called, 100, "Trying"),
    ];
    if let Some(at) = row.ringing_at {
        story.push(answer(at, called, 180, "Ringing"));
    }
    let Some(ended) = row.ended_at else {
        return story;
    };
    if let Some(at) = row.answered_at {
        story.push(answer(at, called, 200, "OK"));
        story.push(request(at + TimeDelta::milliseconds(31).min(ended - at), calling, "ACK"));
        let hangs_up = if row.ended_by == Some("caller") { calling } else { called };
        story.push(request(ended, hangs_up, "BYE"));
    } else {
        if row.sip_code == Some(487) {
            story.push(request(ended, calling, "CANCEL"));
        }
        if let (Some(code), Some(phrase)) = (row.sip_code, row.sip_phrase) {
            story.push(answer(ended, called, code, phrase));
        }
    }
    story
}
