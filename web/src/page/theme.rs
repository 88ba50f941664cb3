//! Light, dark, or as the system says; remembered in this browser.

use leptos::prelude::*;

const STORAGE_KEY: &str = "theme";

/// The colour scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Theme {
    Auto,
    Light,
    Dark,
}

impl Theme {
    fn stored() -> Self {
        let name = storage().and_then(|storage| storage.get_item(STORAGE_KEY).ok().flatten());
        match name.as_deref() {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            Some(_) | None => Self::Auto,
        }
    }

    const fn next(self) -> Self {
        match self {
            Self::Auto => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::Auto,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Half moon, sun, moon, in a box of 24 × 24.
    const fn drawing(self) -> &'static str {
        match self {
            Self::Auto => "M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16",
            Self::Light => {
                "M12 8a4 4 0 1 0 0 8a4 4 0 1 0 0-8M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 \
                 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4"
            }
            Self::Dark => "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z",
        }
    }

    fn apply(self) {
        if let Some(root) = document().document_element() {
            let _ = match self {
                Self::Auto => root.remove_attribute("data-theme"),
                Self::Light | Self::Dark => root.set_attribute("data-theme", self.name()),
            };
        }
        if let Some(storage) = storage() {
            let _ = match self {
                Self::Auto => storage.remove_item(STORAGE_KEY),
                Self::Light | Self::Dark => storage.set_item(STORAGE_KEY, self.name()),
            };
        }
    }
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

/// Goes from automatic to light to dark.
#[component]
pub(super) fn ThemeSwitch() -> impl IntoView {
    let theme = RwSignal::new(Theme::stored());
    let label = move || {
        let theme = theme.get();
        format!("Colours: {}. Switch to {}", theme.name(), theme.next().name())
    };
    let switch = move |_| {
        let next = theme.get_untracked().next();
        next.apply();
        theme.set(next);
    };
    view! {
        <button
            type="button"
            class="button quiet icon-only"
            data-testid="theme"
            data-theme-choice=move || theme.get().name()
            title=label
            aria-label=label
            on:click=switch
        >
            <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
                <path d=move || theme.get().drawing() class:filled=move || theme.get() == Theme::Dark/>
            </svg>
        </button>
    }
}
