//! The worker that prepares rows: nothing but the call.

fn main() {
    console_error_panic_hook::set_once();
    veilsum_web::prepare_worker::start();
}
