//! Requests of order in: [`sqs`] takes a batch apart, [`handle`] parses and traces a message, [`settle`] carries it out.

pub mod handle;
pub mod settle;
pub mod sqs;

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};

use crate::AppState;

/// The Lambda entry: handles a batch within `limit`, and reports the messages to deliver again.
pub async fn handle_batch(app: &AppState, batch: SqsEvent, limit: Duration) -> SqsBatchResponse {
    let handle = |message: SqsMessage| async move { handle::handle(app, &message, limit).await.is_ok() };
    sqs::for_each_message(batch, handle).await
}
