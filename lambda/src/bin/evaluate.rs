//! The function `evaluate`.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use veilsum_lambda::store::Store;
use veilsum_lambda::{evaluate, log, settings};
use veilsum_protocol::job::EvaluateEvent;

#[tokio::main]
async fn main() -> Result<(), Error> {
    log::start();
    let store = Store::connect(settings::bucket()?, settings::s3_endpoint()).await;
    let store = &store;
    run(service_fn(|event: LambdaEvent<EvaluateEvent>| async move {
        evaluate::handle(store, &event.payload).await.map_err(Error::from)
    }))
    .await
}
