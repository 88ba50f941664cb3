//! Which screen the address names, whichever module changes it.

use leptos::prelude::*;
use veilsum_protocol::DatasetId;
use wasm_bindgen::prelude::*;
use web_sys::{Element, MouseEvent, UrlSearchParams};

use crate::ui::module::{RefineScreen, WorkbenchScreen};
use crate::ui::navigate;

/// What an address shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Screen {
    Start,
    Keyring,
    /// The columns of the open table, or another look at it.
    Prepare(Option<RefineScreen>),
    Upload,
    Datasets,
    Dataset(DatasetId),
    Verify,
    Workbench(WorkbenchScreen),
    NotFound,
}

impl Screen {
    fn of(path: &str) -> Self {
        match path {
            "/" | "/index.html" => Self::Start,
            "/keyring" => Self::Keyring,
            "/prepare" => Self::Prepare(None),
            "/prepare/rows" => Self::Prepare(Some(RefineScreen::Rows)),
            "/prepare/clean" => Self::Prepare(Some(RefineScreen::Clean)),
            "/prepare/anonymise" => Self::Prepare(Some(RefineScreen::Anonymise)),
            "/upload" => Self::Upload,
            "/datasets" => Self::Datasets,
            "/verify" => Self::Verify,
            "/workbench" => Self::Workbench(WorkbenchScreen::Workbench),
            "/models" => Self::Workbench(WorkbenchScreen::Models),
            "/trainings" => Self::Workbench(WorkbenchScreen::Trainings),
            other => {
                let training = other.strip_prefix("/trainings/").and_then(|id| id.parse().ok());
                let dataset = other.strip_prefix("/datasets/").and_then(|id| id.parse().ok());
                match (training, dataset) {
                    (Some(training), _) => Self::Workbench(WorkbenchScreen::Training(training)),
                    (None, Some(dataset)) => Self::Dataset(dataset),
                    (None, None) => Self::NotFound,
                }
            }
        }
    }
}

/// The address of this tab.
#[derive(Clone, Copy)]
pub(super) struct Address {
    screen: RwSignal<Screen>,
    search: RwSignal<String>,
}

impl Address {
    /// Follows the address of this tab from now on. Call once.
    pub(super) fn follow() -> Self {
        let address = Self { screen: RwSignal::new(Screen::Start), search: RwSignal::new(String::new()) };
        address.read();
        let on_pop = Closure::<dyn Fn()>::new(move || address.read());
        let on_click = Closure::<dyn Fn(MouseEvent)>::new(|event: MouseEvent| click(&event));
        let window = window();
        let _ = window.add_event_listener_with_callback("popstate", on_pop.as_ref().unchecked_ref());
        let _ = window.add_event_listener_with_callback("click", on_click.as_ref().unchecked_ref());
        on_pop.forget();
        on_click.forget();
        address
    }

    /// The screen to show.
    pub(super) fn screen(self) -> Screen {
        self.screen.get()
    }

    /// A value of the query, such as `sample` in `?sample=diabetes.csv`.
    pub(super) fn query(self, name: &str) -> Option<String> {
        self.search.with(|search| UrlSearchParams::new_with_str(search).ok()?.get(name))
    }

    fn read(self) {
        let location = window().location();
        let screen = Screen::of(&location.pathname().unwrap_or_default());
        let search = location.search().unwrap_or_default();
        if self.search.with_untracked(|known| *known != search) {
            self.search.set(search);
        }
        if self.screen.get_untracked() != screen {
            self.screen.set(screen);
        }
    }
}

/// Takes plain clicks on links of this site; everything else is the browser's.
fn click(event: &MouseEvent) {
    let modified = event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key();
    if event.default_prevented() || event.button() != 0 || modified {
        return;
    }
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let Some(link) = target.and_then(|target| target.closest("a[href^='/']").ok().flatten()) else {
        return;
    };
    if link.has_attribute("download") {
        return;
    }
    if let Some(to) = link.get_attribute("href") {
        event.prevent_default();
        navigate::go(&to);
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn addresses_name_screens() {
        assert_eq!(Screen::of("/"), Screen::Start);
        assert_eq!(Screen::of("/datasets"), Screen::Datasets);
        assert_eq!(Screen::of("/verify"), Screen::Verify);
        assert_eq!(Screen::of("/prepare"), Screen::Prepare(None));
        assert_eq!(Screen::of("/prepare/clean"), Screen::Prepare(Some(RefineScreen::Clean)));
        assert_eq!(Screen::of("/workbench"), Screen::Workbench(WorkbenchScreen::Workbench));
        assert_eq!(Screen::of("/models"), Screen::Workbench(WorkbenchScreen::Models));
        assert_eq!(Screen::of("/trainings"), Screen::Workbench(WorkbenchScreen::Trainings));
        let id = "00112233445566778899aabbccddeeff";
        assert_eq!(Screen::of(&format!("/datasets/{id}")), Screen::Dataset(id.parse().unwrap()));
        let training = WorkbenchScreen::Training(id.parse().unwrap());
        assert_eq!(Screen::of(&format!("/trainings/{id}")), Screen::Workbench(training));
        assert_eq!(Screen::of("/trainings/xyz"), Screen::NotFound);
        assert_eq!(Screen::of("/datasets/xyz"), Screen::NotFound);
        assert_eq!(Screen::of("/nowhere"), Screen::NotFound);
    }
}
