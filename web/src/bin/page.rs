//! The page's binary: nothing but the call.

fn main() {
    veilsum_web::page::start();
}
