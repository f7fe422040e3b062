//! Requests from order: `sqs` splits a batch, `handle` parses and traces a message, `settle` carries it out.

mod handle;
mod settle;
mod sqs;

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};

use crate::AppState;

/// The Lambda entry: handles a batch within `limit`, and returns the messages that have to be delivered again.
pub async fn handle_batch(app: &AppState, batch: SqsEvent, limit: Duration) -> SqsBatchResponse {
    let handle = |message: SqsMessage| async move { handle::handle(app, &message, limit).await.is_ok() };
    sqs::for_each_message(batch, handle).await
}
