//! The addresses of the site and the machine contract, so that a change of either is seen in review.

use std::fmt::Write as _;

use concord::app::PAGES;
use concord::app::Side;
use concord::app::openapi_document;
use leptos::server_fn::axum::server_fn_paths;

/// One line a page: address, whose portal, scope; then the addresses of forms.
#[test]
fn addresses() {
    let mut lines = String::new();
    for spec in PAGES {
        let side = match spec.side {
            Side::Open => "everybody",
            Side::Account => "account",
            Side::Org(kind) => kind.as_str(),
        };
        let scope = spec.scope.map_or("-", concord::base::Scope::as_str);
        writeln!(lines, "GET {} {side} {scope}", spec.path).expect("text takes text");
    }
    let mut forms: Vec<String> = server_fn_paths().map(|(path, method)| format!("{method} {path}")).collect();
    forms.sort();
    for form in forms {
        writeln!(lines, "{form}").expect("text takes text");
    }
    insta::assert_snapshot!(lines);
}

#[test]
fn machine_contract() {
    insta::assert_snapshot!(openapi_document().expect("a document"));
}
