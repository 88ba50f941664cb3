//! The worker that trains: nothing but the call.

fn main() {
    console_error_panic_hook::set_once();
    veilsum_web::train_worker::start();
}
