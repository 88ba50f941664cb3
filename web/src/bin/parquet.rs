//! The worker that reads Parquet files: nothing but the call.

fn main() {
    console_error_panic_hook::set_once();
    veilsum_web::parquet_worker::start();
}
