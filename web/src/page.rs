//! The page: what a person sees first, and what stands around everything else. It holds only what it displays; keys,
//! files being encrypted and every request live in the vault worker.

mod address;
mod app;
mod commands;
mod components;
mod desk;
mod modules;
mod pages;
mod presets;
mod shell;
mod theme;

/// Mounts the page into the document.
pub fn start() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(app::App);
}
