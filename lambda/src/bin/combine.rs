//! The function `combine`.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use veilsum_lambda::store::Store;
use veilsum_lambda::{combine, log, settings};
use veilsum_protocol::job::CombineEvent;

#[tokio::main]
async fn main() -> Result<(), Error> {
    log::start();
    let store = Store::connect(settings::bucket()?, settings::s3_endpoint()).await;
    let store = &store;
    run(service_fn(|event: LambdaEvent<CombineEvent>| async move {
        combine::handle(store, &event.payload).await.map_err(Error::from)
    }))
    .await
}
