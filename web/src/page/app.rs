//! The application: what every screen shares, and which screen an address shows.

use leptos::prelude::*;

use super::address::{Address, Screen};
use super::desk::Desk;
use super::pages::dataset::DatasetPage;
use super::pages::datasets::DatasetsPage;
use super::pages::keyring::KeyringPage;
use super::pages::not_found::NotFoundPage;
use super::pages::prepare::PreparePage;
use super::pages::start::StartPage;
use super::pages::upload::UploadPage;
use super::pages::verify::VerifyPage;
use super::pages::workbench::WorkbenchPage;
use super::shell::{Footer, Header, VaultNotice};
use crate::ui::vault_client::Vault;

/// The whole page.
#[component]
pub(super) fn App() -> impl IntoView {
    let vault = Vault::spawn();
    let address = Address::follow();
    provide_context(vault);
    provide_context(address);
    provide_context(Desk::new(vault));
    provide_context(FirstScreen(StoredValue::new(true)));

    view! {
        <a class="skip-link" href="#main">"Skip to the content"</a>
        <Header/>
        <main id="main" tabindex="-1">
            <VaultNotice/>
            {move || match address.screen() {
                Screen::Start => view! { <StartPage/> }.into_any(),
                Screen::Keyring => view! { <KeyringPage/> }.into_any(),
                Screen::Prepare(part) => view! { <PreparePage part/> }.into_any(),
                Screen::Upload => view! { <UploadPage/> }.into_any(),
                Screen::Datasets => view! { <DatasetsPage/> }.into_any(),
                Screen::Dataset(dataset) => view! { <DatasetPage dataset/> }.into_any(),
                Screen::Verify => view! { <VerifyPage/> }.into_any(),
                Screen::Workbench(screen) => view! { <WorkbenchPage screen/> }.into_any(),
                Screen::NotFound => view! { <NotFoundPage/> }.into_any(),
            }}
        </main>
        <Footer/>
    }
}

/// Whether no screen was left yet: the first one does not take the focus.
#[derive(Clone, Copy)]
pub(super) struct FirstScreen(StoredValue<bool>);

impl FirstScreen {
    /// Tells whether this is the first screen, once.
    pub(super) fn take(self) -> bool {
        let first = self.0.get_value();
        self.0.set_value(false);
        first
    }
}
