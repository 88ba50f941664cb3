//! The function `api`.

use lambda_http::Error;
use veilsum_lambda::store::Store;
use veilsum_lambda::{api, log, settings};

#[tokio::main]
async fn main() -> Result<(), Error> {
    log::start();
    let store = Store::connect(settings::bucket()?, settings::s3_endpoint()).await;
    lambda_http::run(api::router(store, settings::tokens()?)).await
}
