//! The kit rendered to text, and the check that every text exists in both languages.

use super::*;
use chrono::TimeZone as _;
use chrono::Utc;
use leptos::prelude::*;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Renders what a person sees who reads `lang` in Berlin on Monday 23 Nov 2026, 15:05:09.
fn render(lang: Lang, page: impl FnOnce() -> AnyView) -> String {
    let owner = Owner::new();
    owner.with(|| {
        provide_context(Viewer {
            lang,
            time_zone: chrono_tz::Europe::Berlin,
            theme: Theme::System,
            now: Utc.with_ymd_and_hms(2026, 11, 23, 14, 5, 9).unwrap(),
        });
        // The marks between texts are for the browser side of the framework and say nothing here.
        page().to_html().replace("<!>", "")
    })
}

fn english(page: impl FnOnce() -> AnyView) -> String {
    render(Lang::En, page)
}

#[test]
fn small_marks() {
    let html = english(|| view! { <Badge tone=Tone::Ok text="Activated" fill=true /> }.into_any());
    insta::assert_snapshot!(html, @r#"<span class="badge" data-tone="ok" data-fill>Activated</span>"#);
    let html = english(|| view! { <Tel e164="+493023125014" />" "<Tel e164="+442079460***" /> }.into_any());
    insta::assert_snapshot!(html, @r#"<data class="tel" value="+493023125014">+49 30 23125 014</data> <span class="tel">+44 20 7946 0<span class="mask">•••</span></span>"#);
    let at = Utc.with_ymd_and_hms(2026, 10, 5, 9, 0, 0).unwrap();
    let html = render(Lang::De, || view! { <Time at=at zone=true /><Dash /><Count n=1204 /> }.into_any());
    insta::assert_snapshot!(html, @r#"<time datetime="2026-10-05T09:00:00Z">5. Okt., 11:00:00 CEST</time><span class="faint" aria-hidden="true">–</span><span class="visually-hidden">keine Angabe</span><span class="count">1.204</span>"#);
}

#[test]
fn a_button_that_cannot_be_pressed_says_why() {
    let html =
        english(|| view! { <Button kind=Kind::Primary blocked=Some("284 are open.".to_owned())>"Sign off"</Button> }.into_any());
    insta::assert_snapshot!(html, @r#"<span class="with-reason"><button type="submit" data-kind="primary" disabled aria-describedby="why-524bbf81" class="button">Sign off</button><span id="why-524bbf81" class="reason">284 are open.</span></span>"#);
    let free: Option<String> = None;
    let html = english(|| view! { <Button kind=Kind::Primary blocked=free>"Sign off"</Button> }.into_any());
    insta::assert_snapshot!(html, @r#"<button type="submit" data-kind="primary" class="button">Sign off</button>"#);
}

#[test]
fn a_field_knows_its_hint_and_its_error() {
    let html = english(|| {
        view! { <TextInput name="e164" label="Number" value="+49 30" hint="With +" error=Some("Too short.".to_owned()) /> }
            .into_any()
    });
    insta::assert_snapshot!(html, @r#"<div class="field"><label for="e164">Number</label><input id="e164" name="e164" type="text" value="+49 30" data-width="full" aria-describedby="e164-error e164-hint" aria-invalid="true" class="input"><p id="e164-error" class="error"><svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d="M5.5 2h5L14 5.5v5L10.5 14h-5L2 10.5v-5zM8 5v3.5M8 11h.01"/></svg><span>Too short.</span></p><p id="e164-hint" class="hint">With +</p></div>"#);
}

#[test]
fn a_sorted_head_turns_round_and_keeps_the_filter() {
    let state = ListState { path: "/t/k/numbers".to_owned(), query: Query::parse("q=Demir&after=c1"), default_sort: "number" };
    let cols = vec![
        Col::new("Number").sort("number"),
        Col::new("Changed").sort("changed").low(),
        Col::new("Minutes").num(),
        Col::new("Action").hidden(),
    ];
    let html = english(|| view! { <Table label="Numbers" cols=cols state=state><tr><td>"x"</td></tr></Table> }.into_any());
    insta::assert_snapshot!(html, @r#"<div role="region" tabindex="0" aria-label="Numbers, table" class="table-wrap"><table aria-label="Numbers" class="table"><thead><tr><th scope="col" aria-sort="ascending" class=""><a href="/t/k/numbers?q=Demir&amp;sort=-number">Number</a></th><th scope="col" data-col="low" class=""><a href="/t/k/numbers?q=Demir&amp;sort=changed">Changed</a></th><th scope="col" class="num">Minutes</th><th scope="col" class=""><span class="visually-hidden">Action</span></th></tr></thead><tbody><tr><td>x</td></tr></tbody></table></div>"#);
}

#[test]
fn rows_take_the_look_of_their_columns_and_escape_everything() {
    let cols = [Col::new("A"), Col::new("B").num().low(), Col::new("C").mid()];
    let html = english(|| {
        let mut rows = Rows::new(&viewer(), &cols);
        rows.row();
        rows.cell().tel_link("/n?a=1&b=\"2\"", "+493023125014");
        rows.cell().count(1204);
        rows.cell().text("<b>&").sub("x>y");
        rows.row_toned(Tone::Danger);
        rows.cell().pick("n", "\"><script>", "Pick <it>");
        rows.cell().maybe(None::<i64>, |rows, n| {
            rows.count(n);
        });
        rows.cell().badge(Tone::Danger, "Refused").tag("vip");
        rows.finish()
    });
    insta::assert_snapshot!(html, @r#"<tr><td><a class="row-link" href="/n?a=1&amp;b=&quot;2&quot;"><data class="tel" value="+493023125014">+49 30 23125 014</data></a></td><td class="num" data-col="low">1,204</td><td data-col="mid">&lt;b&gt;&amp;<span class="sub">x&gt;y</span></td></tr><tr data-tone="danger"><td><input class="row-check" type="checkbox" name="n" value="&quot;&gt;&lt;script&gt;" aria-label="Pick &lt;it&gt;"></td><td class="num" data-col="low"><span class="faint" aria-hidden="true">–</span><span class="visually-hidden">none</span></td><td data-col="mid"><span class="badge" data-tone="danger">Refused</span><span class="tag">vip</span> </td></tr>"#);
}

#[test]
fn a_page_head_has_the_only_h1() {
    let html = english(|| {
        view! {
            <PageHead title="Assign" purpose="Pick who gets it." crumbs=vec![Crumb::link("/n", "Numbers"), Crumb::here("Assign")]>
                <ButtonLink href="/x" icon=Icon::Plus>"New"</ButtonLink>
            </PageHead>
        }
        .into_any()
    });
    insta::assert_snapshot!(html, @r#"<header class="page-head"><div class="page-head-text"><nav aria-label="Breadcrumb"><ol class="crumbs"><li><a href="/n">Numbers</a></li><li>Assign</li></ol></nav><h1>Assign</h1><p class="page-purpose">Pick who gets it.</p></div><div class="page-actions"><a href="/x" class="button"><svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d="M8 3v10M3 8h10"/></svg>New</a></div></header>"#);
}

#[test]
fn strips_draw_failures_and_gaps() {
    let hours = vec![Outcome { ok: 9, failed: 0 }, Outcome::default(), Outcome { ok: 1, failed: 1 }];
    let html = english(|| view! { <SuccessStrip title="10 of 11 taken" hours=hours /> }.into_any());
    insta::assert_snapshot!(html, @r#"<svg viewBox="0 0 12 24" preserveAspectRatio="none" role="img" aria-label="10 of 11 taken" class="spark"><rect class="v-ok" x="0.5" y="0.0" width="3" height="24.0"/><rect class="v-none" x="4.5" y="22.5" width="3" height="1.5"/><rect class="v-ok" x="8.5" y="0.0" width="3" height="24.0"/><rect class="v-danger" x="8.5" y="0.0" width="3" height="12.0"/></svg>"#);
}

#[test]
fn an_error_page_escapes_what_was_asked_for_and_speaks_german() {
    let html = render(Lang::De, || {
        view! { <ErrorPage status=404 address="/<script>".to_owned() request_id="req_1" ways=vec![("/".to_owned(), "Start".into())] /> }
            .into_any()
    });
    assert!(html.contains("/&lt;script&gt;"), "{html}");
    assert!(html.contains("Fehler 404") && html.contains("Mo. 23. Nov. 2026, 15:05:09 CET"), "{html}");
    assert_eq!(html.matches("<h1>").count(), 1);
}

#[test]
fn a_textarea_cannot_be_broken_out_of() {
    let html = english(|| view! { <Textarea name="list" label="List" value="\n</textarea><b>&" /> }.into_any());
    assert!(html.contains(">\n\n&lt;/textarea&gt;&lt;b&gt;&amp;</textarea>"), "{html}");
}

#[test]
fn every_told_status_has_words() {
    for status in TOLD_STATUSES.into_iter().chain([500, 418]) {
        for lang in Lang::ALL {
            let html = render(lang, || view! { <ErrorPage status=status /> }.into_any());
            assert!(!html.contains("ui.error"), "{status} {lang:?}: {html}");
        }
    }
}

#[test]
fn every_key_has_both_languages() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut missing = Vec::new();
    let mut seen = 0;
    for file in rust_files(&root) {
        let source = fs::read_to_string(&file).unwrap();
        for key in keys_in(&source) {
            seen += 1;
            for lang in Lang::ALL {
                let stands = crate::_rust_i18n_backend().translate(lang.code(), &key).is_some_and(|text| !text.trim().is_empty());
                if !stands {
                    missing.push(format!("{}: {key} ({})", file.display(), lang.code()));
                }
            }
        }
    }
    assert!(seen > 20, "the scan found only {seen} keys");
    assert!(missing.is_empty(), "texts missing:\n{}", missing.join("\n"));
}

#[test]
fn both_languages_have_the_same_places() {
    let backend = crate::_rust_i18n_backend();
    let english = backend.messages_for_locale("en").unwrap();
    let german = backend.messages_for_locale("de").unwrap();
    assert_eq!(english.len(), german.len(), "one language has more texts than the other");
    for (key, text) in english {
        let other = backend.translate("de", &key).unwrap_or_else(|| panic!("{key} has no German"));
        assert_eq!(places(&text), places(&other), "{key}");
    }
}

/// The sorted names of the `%{name}` places of a text.
fn places(text: &str) -> Vec<&str> {
    let mut names: Vec<_> = text.split("%{").skip(1).filter_map(|part| part.split_once('}').map(|(name, _)| name)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("ui/tests.rs") {
            files.push(path);
        }
    }
    files
}

/// Every key a source file names in `tr!` and `trn!`, comments left out.
fn keys_in(source: &str) -> Vec<String> {
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut keys = Vec::new();
    for (call, endings) in [("tr!(", &[""][..]), ("trn!(", &[".one", ".other"][..])] {
        let whole = |start: &usize| !code[..*start].ends_with(|before: char| before.is_alphanumeric() || before == '_');
        for (start, _) in code.match_indices(call).filter(|(start, _)| whole(start)) {
            let inside = code[start + call.len()..].trim_start();
            let inside = match inside.strip_prefix("in ").and_then(|rest| rest.split_once(',')) {
                Some((_, rest)) => rest.trim_start(),
                None => inside,
            };
            let key = inside.strip_prefix('"').and_then(|rest| rest.split_once('"'));
            if let Some((key, _)) = key {
                keys.extend(endings.iter().map(|ending| format!("{key}{ending}")));
            }
        }
    }
    keys
}

#[test]
fn the_scan_finds_keys_in_every_writing() {
    let source = "// tr!(\"no\")\n tr!(\"a.b\") tr!(in v.lang, \"c\", n = 1) tr!(\n in lang,\n \"d\") trn!(\"e\", 2)";
    assert_eq!(keys_in(source), ["a.b", "c", "d", "e.one", "e.other"]);
}

#[test]
#[cfg(debug_assertions)]
fn the_gallery_stands_in_both_languages_with_one_h1_and_unique_ids() {
    for lang in Lang::ALL {
        let html = render(lang, || view! { <Gallery /> }.into_any());
        let mut ids: Vec<_> = html.split(" id=\"").skip(1).filter_map(|part| part.split_once('"').map(|(id, _)| id)).collect();
        ids.sort_unstable();
        let all = ids.len();
        ids.dedup();
        assert_eq!(all, ids.len(), "an id stands twice");
        assert_eq!(html.matches("<h1").count(), 1);
        assert!(!html.contains(" style=") && !html.contains(">ui."), "{html}");
    }
}

/// Prints what a page of fifty rows costs; run it with `--ignored --nocapture` in a release build to have a figure that counts.
#[test]
#[ignore = "a measurement"]
fn fifty_rows_cost() {
    let rounds = 500_u32;
    let started = std::time::Instant::now();
    let mut size = 0;
    for _ in 0..rounds {
        size = english(|| {
            let v = viewer();
            let cols = ["Number", "Operator", "City", "Assigned to", "State", "Tags", "Emergency", "Changed"];
            let cols = cols.map(|name| Col::new(name).sort("number")).to_vec();
            let mut rows = Rows::new(&v, &cols);
            for row in 0..50 {
                let number = format!("+4930231250{row:02}");
                rows.row();
                rows.cell().tel_link(&format!("/t/kestrel/numbers/{number}"), &number);
                rows.cell().text("Norvik Telekom");
                rows.cell().text("Berlin");
                rows.cell().text("Aylin Demir");
                rows.cell().badge(Tone::Ok, "Activated");
                rows.cell().tag("berlin-hq").tag("vip");
                rows.cell().dash();
                rows.cell().time(v.now, TimeStyle::Short);
            }
            let rows = rows.finish();
            let state = ListState { path: "/t/kestrel/numbers".to_owned(), query: Query::parse("q=x"), default_sort: "number" };
            view! { <Table label="Numbers" cols=cols state=state>{rows}</Table> }.into_any()
        })
        .len();
    }
    #[expect(clippy::disallowed_macros, reason = "a measurement is for the person who runs it")]
    {
        eprintln!("{size} bytes, {:?} a page", started.elapsed() / rounds);
    }
}
