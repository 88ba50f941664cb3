//! Workbench and models: the heading and the gate. What is behind them is a module of its own.

use leptos::prelude::*;

use crate::page::components::keyring_gate::KeyringGate;
use crate::page::components::title::PageTitle;
use crate::page::modules::{ModuleScreen, loading};
use crate::ui::module::{Module, ScreenBytes, WorkbenchScreen};

/// One of the two screens.
#[component]
pub(in crate::page) fn WorkbenchPage(screen: WorkbenchScreen) -> impl IntoView {
    let title = match screen {
        WorkbenchScreen::Workbench => "Workbench",
        WorkbenchScreen::Models => "Models",
    };
    let loading = loading(Module::Workbench);
    view! {
        <div class="screen">
            <PageTitle text=title/>
            <KeyringGate>
                <ModuleScreen module=Module::Workbench loading on_rename=Callback::new(|_| ()) screen=ScreenBytes::of(&screen)/>
            </KeyringGate>
        </div>
    }
}
