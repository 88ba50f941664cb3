//! The worker binary: the vault, or one of its helpers, as the `role` in its address says.

fn main() {
    console_error_panic_hook::set_once();
    veilsum_web::vault::start_worker();
}
