//! Events of user and order in: [`sqs`] splits a batch, [`queue`] carries out the outcome of a message, and [`handle`]
//! parses, traces and dispatches it.

mod contact;
mod handle;
mod notice;
pub mod queue;
mod sqs;

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use tokio::time::Instant;

use crate::AppState;

/// The Lambda entry: handles a batch within `limit`, and returns the messages that have to be delivered again.
pub async fn handle_batch(app: &AppState, batch: SqsEvent, limit: Duration) -> SqsBatchResponse {
    let until = Instant::now() + limit;
    sqs::for_each_message(&app.queue, batch, |message| async move { handle::handle(app, &message.body, until).await })
        .await
}
