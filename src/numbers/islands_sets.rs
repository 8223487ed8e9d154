//! How far a change set is, as the server says it; whole HTML before the wasm arrives.

use leptos::prelude::*;

/// A bar with its words. When the work has ended the page is loaded again, which says what came of it.
#[island]
pub fn SetProgress(
    /// Where the server sends how far it is.
    url: String,
    /// What is counted, for assistive technology.
    label: String,
    /// How much is done.
    value: u32,
    /// How much there is.
    max: u32,
    /// The same in words.
    text: String,
) -> impl IntoView {
    let now = RwSignal::new((value, max, text));
    Effect::new(move |_| watch(&url, now));
    view! {
        <p>
            <b>{move || now.with(|(_, _, text)| text.clone())}</b>
        </p>
        <progress
            aria-label=label
            value=move || now.with(|(value, ..)| value.to_string())
            max=move || now.with(|(_, max, _)| max.to_string())
        ></progress>
    }
}

#[cfg(feature = "hydrate")]
mod browser {
    use wasm_bindgen::prelude::*;

    #[wasm_bindgen]
    extern "C" {
        pub type EventSource;
        #[wasm_bindgen(constructor, catch)]
        pub fn new(url: &str) -> Result<EventSource, JsValue>;
        #[wasm_bindgen(method, setter)]
        pub fn set_onmessage(this: &EventSource, heard: &JsValue);
        #[wasm_bindgen(method)]
        pub fn close(this: &EventSource);

        pub type MessageEvent;
        #[wasm_bindgen(method, getter)]
        pub fn data(this: &MessageEvent) -> String;

        #[wasm_bindgen(js_namespace = ["window", "location"], js_name = reload)]
        pub fn reload();
    }
}

/// Hears lines `value max words`; `end` when the work has ended.
#[cfg(feature = "hydrate")]
fn watch(url: &str, now: RwSignal<(u32, u32, String)>) {
    use std::rc::Rc;

    use wasm_bindgen::closure::Closure;

    // A browser without it has the link.
    let Ok(source) = browser::EventSource::new(url) else { return };
    let source = Rc::new(source);
    let heard_by = source.clone();
    let heard = Closure::<dyn FnMut(browser::MessageEvent)>::new(move |event: browser::MessageEvent| {
        let data = event.data();
        if data == "end" {
            heard_by.close();
            browser::reload();
            return;
        }
        let mut parts = data.splitn(3, ' ');
        let mut figure = || parts.next().and_then(|text| text.parse().ok());
        if let (Some(value), Some(max)) = (figure(), figure()) {
            let words = parts.next().unwrap_or_default().to_owned();
            now.set((value, max, words));
        }
    });
    source.set_onmessage(heard.as_ref());
    // Lives as long as the page.
    heard.forget();
}

#[cfg(not(feature = "hydrate"))]
const fn watch(_url: &str, _now: RwSignal<(u32, u32, String)>) {}
