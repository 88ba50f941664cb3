//! Workbench, models and trainings: the heading and the gate. What is behind them is a module of its own.

use leptos::prelude::*;

use crate::page::components::keyring_gate::KeyringGate;
use crate::page::components::title::PageTitle;
use crate::page::modules::{ModuleScreen, loading};
use crate::ui::module::{Module, ScreenBytes, WorkbenchScreen};

/// One of the screens.
#[component]
pub(in crate::page) fn WorkbenchPage(screen: WorkbenchScreen) -> impl IntoView {
    let title = RwSignal::new(
        match screen {
            WorkbenchScreen::Workbench => "Workbench",
            WorkbenchScreen::Models => "Models",
            WorkbenchScreen::Trainings => "Trainings",
            WorkbenchScreen::Training(_) => "Training",
        }
        .to_owned(),
    );
    let rename = Callback::new(move |text| {
        title.try_set(text);
    });
    let loading = loading(Module::Workbench);
    view! {
        <div class="screen">
            {matches!(screen, WorkbenchScreen::Training(_)).then(|| view! {
                <p class="crumb"><a href="/trainings">"Trainings"</a></p>
            })}
            <PageTitle text=title/>
            <KeyringGate>
                <ModuleScreen module=Module::Workbench loading on_rename=rename screen=ScreenBytes::of(&screen)/>
            </KeyringGate>
        </div>
    }
}
