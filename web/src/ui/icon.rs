//! Line drawings in a box of 24 × 24. They repeat what words beside them say, so they are hidden from screen readers.

use leptos::prelude::*;

/// What to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Symbol {
    Browser,
    Cloud,
    Lock,
    Key,
    Right,
    Check,
    Cross,
    Warning,
    File,
    Save,
    Eye,
}

impl Symbol {
    const fn drawing(self) -> &'static str {
        match self {
            Self::Browser => "M5 5h14v10H5zM2.5 19h19",
            Self::Cloud => "M7 18.5a4.5 4.5 0 0 1-.4-9A6 6 0 0 1 18 10.8a3.9 3.9 0 0 1-.5 7.7z",
            Self::Lock => "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
            Self::Key => "M11 12a3.5 3.5 0 1 1-7 0a3.5 3.5 0 1 1 7 0h10v3.5M17 12v3",
            Self::Right => "M4 12h15M14 7l5 5-5 5",
            Self::Check => "M5 12.5l4.5 4.5L19 7.5",
            Self::Cross => "M6 6l12 12M18 6L6 18",
            Self::Warning => "M12 4l9 16H3zM12 10v4.5M12 17v.5",
            Self::File => "M7 3.5h7l4 4v13H7zM14 3.5v4h4",
            Self::Save => "M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 20h14",
            Self::Eye => {
                "M2.5 12s3.5-6 9.5-6 9.5 6 9.5 6-3.5 6-9.5 6-9.5-6-9.5-6zM12 9.5a2.5 2.5 0 1 0 0 5a2.5 2.5 0 1 0 0-5"
            }
        }
    }
}

/// One drawing.
#[component]
pub(crate) fn Icon(symbol: Symbol) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=symbol.drawing()/></svg>
    }
}
