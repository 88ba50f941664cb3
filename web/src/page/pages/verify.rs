//! Verify: the heading. Certificates are checked without a keyring, in the module of datasets.

use leptos::prelude::*;

use crate::page::components::title::PageTitle;
use crate::page::modules::{ModuleScreen, loading};
use crate::ui::module::{DatasetModuleScreen, Module, ScreenBytes};

/// The screen.
#[component]
pub(in crate::page) fn VerifyPage() -> impl IntoView {
    let loading = loading(Module::Dataset);
    view! {
        <div class="screen">
            <PageTitle text="Verify a certificate"/>
            <ModuleScreen
                module=Module::Dataset loading on_rename=Callback::new(|_| ())
                screen=ScreenBytes::of(&DatasetModuleScreen::Verify)
            />
        </div>
    }
}
