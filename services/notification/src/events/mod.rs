//! Events of user and order in: `sqs` splits a batch, `handle` parses, traces and dispatches a message.

mod contact;
mod handle;
mod notice;
mod sqs;

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use tokio::time::Instant;

use crate::AppState;

/// The Lambda entry: handles a batch within `limit`, and returns the messages that have to be delivered again.
pub async fn handle_batch(app: &AppState, batch: SqsEvent, limit: Duration) -> SqsBatchResponse {
    let until = Instant::now() + limit;
    let handle = |message: SqsMessage| async move { handle::handle(app, &message, until).await.is_ok() };
    sqs::for_each_message(batch, handle).await
}
