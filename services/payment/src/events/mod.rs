//! Requests from order: [`sqs`] splits a batch, [`queue`] carries out the outcome of a message, [`handle`] parses and
//! traces it, and [`settle`] settles its payment.

mod handle;
pub mod queue;
mod settle;
mod sqs;

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};

use crate::AppState;

/// The Lambda entry: handles a batch within `limit`, and returns the messages that have to be delivered again.
pub async fn handle_batch(app: &AppState, batch: SqsEvent, limit: Duration) -> SqsBatchResponse {
    sqs::for_each_message(&app.queue, batch, |message| async move { handle::handle(app, &message, limit).await }).await
}
