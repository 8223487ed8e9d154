//! The parts of the kit that run in the browser. Each is whole HTML before the wasm arrives.

use leptos::prelude::*;

/// A button that copies `value`. Hidden until scripts run in a secure context: without them one click on the value selects it.
#[island]
pub fn CopyButton(
    /// What is copied.
    value: String,
    /// The button's name: "Copy SIP URI".
    label: String,
    /// What is said after it worked: "Copied".
    done_label: String,
) -> impl IntoView {
    let usable = RwSignal::new(false);
    let done = RwSignal::new(false);
    Effect::new(move |_| usable.set(can_copy()));
    let copy = move |_| copy_text(&value, done);
    view! {
        <button class="icon-button" type="button" aria-label=label hidden=move || !usable.get() on:click=copy>
            <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
                <path d=move || {
                    if done.get() { "m3 8.5 3.5 3.5 6.5-7.5" } else { "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3" }
                }></path>
            </svg>
        </button>
        <span class="visually-hidden" role="status">{move || done.get().then(|| done_label.clone())}</span>
    }
}

/// How long the button says that it worked.
#[cfg(feature = "hydrate")]
const SAID_FOR: std::time::Duration = std::time::Duration::from_secs(2);

#[cfg(feature = "hydrate")]
fn can_copy() -> bool {
    window().is_secure_context()
}

#[cfg(not(feature = "hydrate"))]
const fn can_copy() -> bool {
    false
}

#[cfg(feature = "hydrate")]
fn copy_text(value: &str, done: RwSignal<bool>) {
    use wasm_bindgen::JsValue;
    use wasm_bindgen::closure::Closure;
    let settled = Closure::once(move |_: JsValue| {
        done.set(true);
        set_timeout(move || done.set(false), SAID_FOR);
    });
    let refused = Closure::once(move |_: JsValue| done.set(false));
    let _copied = window().navigator().clipboard().write_text(value).then2(&settled, &refused);
    // The browser calls one of them later; both are a few bytes per click.
    settled.forget();
    refused.forget();
}

#[cfg(not(feature = "hydrate"))]
const fn copy_text(_value: &str, _done: RwSignal<bool>) {}
