//! The worker of the second engine: nothing but the call.

fn main() {
    console_error_panic_hook::set_once();
    veilsum_web::bfv_worker::start();
}
