//! State shared by all handlers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{processor::Processor, webhook::WebhookSender};

#[derive(Debug, Clone)]
pub(crate) struct AppState {
    pub(crate) processor: Arc<Mutex<Processor>>,
    pub(crate) secret_key: Arc<str>,
    pub(crate) webhooks: WebhookSender,
}

impl AppState {
    /// Locks the processor. The guard is never held across an await.
    pub(crate) fn processor(&self) -> MutexGuard<'_, Processor> {
        self.processor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
