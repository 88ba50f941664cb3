//! The other modules of the page: loading them, and the place of their screens.

use js_sys::Function;
use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use web_sys::{HtmlElement, Worker};

use crate::messages::Fault;
use crate::page::components::title::focus_heading;
use crate::ui::fault::FaultNote;
use crate::ui::loaded::Loaded;
use crate::ui::module::{BUILD, Module, ScreenBytes};
use crate::ui::progress::Skeleton;
use crate::ui::vault_client::Vault;

#[wasm_bindgen(raw_module = "/modules.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn load(name: &str, build: u32) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch)]
    fn mount(
        name: &str,
        element: &HtmlElement,
        worker: &Worker,
        handover: &[u8],
        rename: &Function,
    ) -> Result<(), JsValue>;

    #[wasm_bindgen(catch)]
    fn unmount(name: &str) -> Result<(), JsValue>;
}

/// Loads a module, if it is not there yet.
pub(super) fn loading(module: Module) -> Loaded<()> {
    Loaded::new(move || {
        Box::pin(
            async move { load(module.name(), BUILD).await.map(drop).map_err(|error| not_loaded(&error)) },
        )
    })
}

fn not_loaded(error: &JsValue) -> Fault {
    Fault::new(
        "module-not-loaded",
        "This screen could not be loaded. Check the connection, then try again. If that does not help, the server may \
         have a newer Veilsum by now: reload the page and unlock your keyring.",
    )
    .with_detail(format!("{error:?}"))
}

/// A screen of another module, once it is there.
#[component]
pub(super) fn ModuleScreen(
    module: Module,
    loading: Loaded<()>,
    /// What the module is to show.
    screen: ScreenBytes,
    /// The module gives the heading another text.
    on_rename: Callback<String>,
) -> impl IntoView {
    let try_again = move |_| {
        // The button goes away, and must not take the focus with it.
        focus_heading();
        loading.again();
    };
    move || {
        match loading.get() {
        None => view! { <Skeleton label="Loading this screen…" lines=5/> }.into_any(),
        Some(Err(fault)) => view! {
            <FaultNote fault/>
            <p class="actions">
                <button type="button" class="button" data-testid="module-retry" on:click=try_again>"Try again"</button>
            </p>
        }
        .into_any(),
        Some(Ok(())) => view! { <Place module screen=screen.clone() on_rename/> }.into_any(),
    }
    }
}

/// The element in which the module shows its screen.
#[component]
fn Place(module: Module, screen: ScreenBytes, on_rename: Callback<String>) -> impl IntoView {
    let vault = expect_context::<Vault>();
    let place = NodeRef::<Div>::new();
    let fault = RwSignal::new(None::<Fault>);
    let screen = StoredValue::new(Some(screen));
    Effect::new(move |_| {
        let (Some(place), (Some(worker), known)) = (place.get(), vault.introduce()) else { return };
        let Some(screen) = screen.try_update_value(Option::take).flatten() else { return };
        let rename = Closure::<dyn Fn(String)>::new(move |text| on_rename.run(text)).into_js_value();
        let shown = screen
            .handover(&known)
            .map_err(|error| JsValue::from_str(&error.to_string()))
            .and_then(|handover| mount(module.name(), &place, &worker, &handover, rename.unchecked_ref()));
        if let Err(error) = shown {
            fault.set(Some(not_loaded(&error)));
        }
    });
    on_cleanup(move || {
        // A module that broke has nothing left to take away.
        let _ = unmount(module.name());
    });
    view! {
        {move || fault.get().map(|fault| view! { <FaultNote fault/> })}
        <div class="screen" node_ref=place></div>
    }
}
