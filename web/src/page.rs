//! The page: what a person sees. It holds only what it displays; keys, files being encrypted and every request
//! live in the vault worker.

mod address;
mod app;
mod components;
mod decimal_text;
mod desk;
mod loaded;
mod pages;
mod save;
mod shell;
mod theme;
mod vault_client;
mod words;

/// Mounts the page into the document.
pub fn start() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(app::App);
}
