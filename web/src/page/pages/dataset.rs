//! Dataset: the heading and the gate. What is behind them is a module of its own, loaded when it is first needed.

use leptos::prelude::*;
use veilsum_protocol::DatasetId;

use crate::page::components::keyring_gate::KeyringGate;
use crate::page::components::title::PageTitle;
use crate::page::desk::Desk;
use crate::page::modules::{ModuleScreen, loading};
use crate::ui::module::{DatasetModuleScreen, DatasetScreen, Module, ScreenBytes};

/// The screen.
#[component]
pub(in crate::page) fn DatasetPage(dataset: DatasetId) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let title = RwSignal::new("Dataset".to_owned());
    let rename = Callback::new(move |text| {
        title.try_set(text);
    });
    // Not behind the gate, so that it is there once the passphrase is typed.
    let loading = loading(Module::Dataset);
    view! {
        <div class="screen">
            <p class="crumb"><a href="/datasets">"Datasets"</a></p>
            <PageTitle text=title/>
            <KeyringGate>
                <ModuleScreen
                    module=Module::Dataset loading on_rename=rename
                    screen=ScreenBytes::of(&DatasetModuleScreen::Dataset(DatasetScreen { dataset, uploaded: desk.uploaded(dataset) }))
                />
            </KeyringGate>
        </div>
    }
}
