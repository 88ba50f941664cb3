//! The function `score`.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use veilsum_lambda::store::Store;
use veilsum_lambda::{log, score, settings};
use veilsum_protocol::job::ScoreEvent;

#[tokio::main]
async fn main() -> Result<(), Error> {
    log::start();
    let store = Store::connect(settings::bucket()?, settings::s3_endpoint()).await;
    let store = &store;
    run(service_fn(|event: LambdaEvent<ScoreEvent>| async move {
        score::handle(store, &event.payload).await.map_err(Error::from)
    }))
    .await
}
