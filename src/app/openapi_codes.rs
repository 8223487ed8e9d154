//! Every code a problem can carry, with its status. What a code means and how to mend it stands in `app_codes.yml`, for the page
//! `/api/docs`, where the `type` of a problem leads. A test holds the list to the sources.

use crate::ui::Lang;
use crate::ui::Text;
use crate::ui::translate_any;

/// Code and status, by code. Codes of single rows and fields (`errors[].code`) may be others.
pub const CODES: &[(&str, u16)] = &[
    ("account_invalid", 422),
    ("account_needed", 403),
    ("action_no_filter", 422),
    ("action_unknown", 422),
    ("after_ahead_of_feed", 422),
    ("already_assigned", 422),
    ("assignments_header_invalid", 422),
    ("body_empty", 400),
    ("body_malformed", 400),
    ("body_too_large", 413),
    ("call_withheld", 451),
    ("capability_missing", 422),
    ("category_invalid", 422),
    ("client_invalid", 422),
    ("columns_invalid", 422),
    ("comment_missing", 422),
    ("comment_too_long", 422),
    ("consent_invalid", 422),
    ("consent_missing", 451),
    ("consent_state", 409),
    ("consent_suspended", 451),
    ("consent_withdrawn", 451),
    ("content_digest_invalid", 400),
    ("content_digest_mismatch", 400),
    ("content_encoding_unsupported", 415),
    ("content_type_unsupported", 415),
    ("count_changed", 409),
    ("country_mismatch", 422),
    ("credentials_wrong", 401),
    ("cross_site", 403),
    ("cursor_before_retention", 410),
    ("cursor_invalid", 400),
    ("day_before_retention", 422),
    ("day_invalid", 422),
    ("day_not_over", 422),
    ("draft_changed", 409),
    ("durations_empty", 422),
    ("effects_changed", 409),
    ("email_taken", 409),
    ("emergency_location_fixed", 422),
    ("emergency_location_required", 422),
    ("emergency_location_unknown", 422),
    ("endpoint_address_forbidden", 422),
    ("endpoint_changed", 409),
    ("endpoint_disabled", 409),
    ("endpoint_disabled_by_platform", 409),
    ("endpoint_host_unknown", 422),
    ("endpoint_limit", 422),
    ("endpoint_not_https", 422),
    ("endpoint_secret_unreadable", 409),
    ("endpoint_unverified", 409),
    ("endpoint_url_invalid", 422),
    ("field_unknown", 422),
    ("file_empty", 422),
    ("file_not_text", 422),
    ("forbidden", 403),
    ("format_unknown", 400),
    ("format_unsupported", 400),
    ("gate_closed", 422),
    ("header_invalid", 422),
    ("idempotency_in_flight", 409),
    ("idempotency_key_invalid", 400),
    ("idempotency_mismatch", 422),
    ("if_match_invalid", 400),
    ("internal", 500),
    ("key_invalid", 422),
    ("kind_unknown", 422),
    ("limit_invalid", 400),
    ("list_empty", 422),
    ("list_gone", 404),
    ("list_too_long", 422),
    ("location_in_use", 422),
    ("location_invalid", 422),
    ("logo_invalid", 422),
    ("malformed", 400),
    ("method_not_allowed", 405),
    ("no_endpoint", 422),
    ("not_acceptable", 406),
    ("not_assigned", 422),
    ("not_checked", 409),
    ("not_found", 404),
    ("not_signed_in", 401),
    ("note_invalid", 422),
    ("nothing_to_run", 422),
    ("notice_invalid", 422),
    ("notice_missing", 422),
    ("notice_outdated", 422),
    ("number_not_found", 404),
    ("org_fixed", 409),
    ("org_invalid", 422),
    ("outcome_unknown", 422),
    ("password_weak", 422),
    ("password_wrong", 422),
    ("percent_invalid", 422),
    ("primary_exists", 422),
    ("proof_needed", 409),
    ("quarantine_invalid", 422),
    ("quarantined", 422),
    ("query_malformed", 400),
    ("range_invalid", 422),
    ("rate_limited", 429),
    ("reason_missing", 422),
    ("refusal_invalid", 422),
    ("refused", 422),
    ("relationship_ended", 422),
    ("request_closed", 409),
    ("reserved", 422),
    ("role_unknown", 422),
    ("rotation_running", 409),
    ("rows_missing", 422),
    ("rows_too_many", 422),
    ("scope_missing", 403),
    ("seq_stale", 409),
    ("seq_unknown", 422),
    ("set_not_run", 409),
    ("set_ran", 409),
    ("set_undone", 409),
    ("sign_in_busy", 429),
    ("sign_in_throttled", 429),
    ("sip_domain_taken", 409),
    ("slug_taken", 409),
    ("status_invalid", 422),
    ("tag_invalid", 422),
    ("tags_too_many", 422),
    ("target_missing", 422),
    ("target_not_licensed", 422),
    ("target_unknown", 422),
    ("targets_header_invalid", 422),
    ("targets_invalid", 422),
    ("targets_moved", 409),
    ("timeout", 503),
    ("token_expired", 401),
    ("token_invalid", 401),
    ("token_missing", 401),
    ("too_large", 413),
    ("too_many_waiting", 429),
    ("took_too_long", 503),
    ("totals_differ", 409),
    ("totals_invalid", 422),
    ("unavailable", 503),
    ("unsupported_media_type", 415),
    ("upload_gone", 409),
    ("usage_invalid", 422),
    ("usage_mismatch", 422),
    ("value_invalid", 422),
    ("verdict_unknown", 422),
    ("verification_failed", 422),
    ("version_conflict", 412),
    ("version_stale", 412),
    ("view_name_invalid", 422),
    ("view_name_taken", 409),
    ("view_too_long", 422),
    ("views_too_many", 422),
    ("wrong_org_kind", 403),
    ("zone_unknown", 422),
];

/// What a code means and how to mend it.
pub fn meaning(lang: Lang, code: &str) -> Text {
    translate_any(lang, &format!("app.code.{code}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::collections::BTreeSet;

    use regex::Regex;

    use super::super::openapi_sources::sources;
    use super::*;

    /// Where a problem takes its code from a variable: the file that makes the problem, the file that holds the words, what of
    /// that file to read (from the first text to the second), and how a word stands there.
    const INDIRECT: &[(&str, &str, (&str, &str), &str)] = &[
        ("app/layers.rs", "app/layers.rs", ("fn error_pages", "\n}\n"), r#"=> \("([a-z_]+)", "#),
        ("calls/api_calls_platform.rs", "calls/api_calls_platform.rs", ("impl TakeIn", "\n}\n"), r#"\("(format_[a-z]+)", "#),
        ("identity/setup.rs", "identity/setup.rs", ("fn taken", "\n}\n"), r#"=> \("([a-z_]+)", "#),
        ("identity/views.rs", "identity/views.rs", ("", ""), r#"refused\("([a-z_]+)", "#),
        ("identity/wire/problem.rs", "identity/wire/problem.rs", ("fn bare_problem", "\n}\n"), r#"\(\d{3}, "([a-z_]+)", "#),
        ("notices/actions.rs", "notices/actions.rs", ("fn faults", "\n}\n"), r#"\(\("([a-z_]+)", "#),
        ("notices/actions.rs", "notices/endpoint.rs", ("impl StateRefusal", "\n}\n"), r#"=> "([a-z_]+)""#),
        ("notices/actions.rs", "notices/endpoint.rs", ("fn description_of", ""), r#"code: "([a-z_]+)""#),
        ("notices/actions.rs", "notices/guard.rs", ("impl GuardRefusal", "\n}\n"), r#"=> "([a-z_]+)""#),
        ("numbers/csv_file.rs", "numbers/imports.rs", ("", ""), r#"refused_as: "([a-z_]+)""#),
        ("numbers/csv_file.rs", "numbers/order_csv.rs", ("", ""), r#"refused_as: "([a-z_]+)""#),
        ("numbers/csv_file.rs", "numbers/target_csv.rs", ("", ""), r#"refused_as: "([a-z_]+)""#),
        ("numbers/refusal.rs", "numbers/refusal.rs", ("fn code(", "\n    }\n"), r#"=> "([a-z_]+)""#),
    ];

    /// The part of a text from one word to another; to its end when there is no other.
    fn part<'a>(text: &'a str, (from, to): (&str, &str)) -> &'a str {
        let start = text.find(from).unwrap_or_else(|| panic!("{from} is not there any more"));
        let rest = &text[start..];
        if to.is_empty() { rest } else { rest.split(to).next().unwrap_or_default() }
    }

    /// Every code that the sources can give, with its statuses where they stand beside it.
    fn emitted() -> BTreeMap<String, BTreeSet<u16>> {
        let sources = sources();
        let direct = Regex::new(r#"(?:Problem|Self)::new\(\s*(\d{3}),\s*"([a-z_]+)""#).expect("a pattern");
        let made = Regex::new(r"Problem::new\(\s*[^,]+,\s*([^,]+),").expect("a pattern");
        let mut found: BTreeMap<String, BTreeSet<u16>> = BTreeMap::new();
        for (name, text) in &sources {
            for hit in direct.captures_iter(text) {
                found.entry(hit[2].to_owned()).or_default().insert(hit[1].parse().expect("a status"));
            }
            let known = INDIRECT.iter().any(|(maker, ..)| maker == name);
            for hit in made.captures_iter(text).filter(|hit| !hit[1].starts_with('"')) {
                assert!(known, "{name} makes a problem of {}: say in INDIRECT where its codes stand", &hit[1]);
            }
        }
        for (_, holder, range, pattern) in INDIRECT {
            let text = part(sources.get(*holder).unwrap_or_else(|| panic!("{holder} is gone")), *range);
            let pattern = Regex::new(pattern).expect("a pattern");
            let mut any = false;
            for hit in pattern.captures_iter(text) {
                found.entry(hit[1].to_owned()).or_default();
                any = true;
            }
            assert!(any, "{holder} says no code as {pattern}");
        }
        found
    }

    #[test]
    fn every_code_is_listed_with_its_status() {
        let listed: BTreeMap<&str, u16> = CODES.iter().copied().collect();
        let found = emitted();
        for (code, statuses) in &found {
            let status = listed.get(code.as_str());
            assert!(status.is_some(), "{code} is not listed");
            assert!(statuses.iter().all(|one| Some(one) == status), "{code} is given with {statuses:?}");
        }
        for (code, _) in CODES {
            assert!(found.contains_key(*code), "{code} is listed, but nothing gives it");
        }
    }

    #[test]
    fn every_code_is_explained_once_in_both_languages() {
        assert!(CODES.is_sorted_by(|one, next| one.0 < next.0), "not in order, or doubled");
        for (code, _) in CODES {
            for lang in Lang::ALL {
                assert!(!meaning(lang, code).is_empty(), "{code} ({})", lang.code());
            }
        }
    }
}
