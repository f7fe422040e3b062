//! Load shedding: checkouts are refused before changes of carts, and these before everything else.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Response},
};
use contracts::{Problem, ProblemType};
use tokio::sync::Semaphore;

/// Permits of the classes of requests that do not get the whole limit.
#[derive(Debug)]
pub(super) struct Classes {
    checkouts: Semaphore,
    carts: Semaphore,
}

impl Classes {
    /// Gives checkouts a quarter of all requests in progress, and changes of carts a half.
    pub(super) fn of(requests: usize) -> Arc<Self> {
        let [checkouts, carts] = [4, 2].map(|part| Semaphore::new((requests / part).max(1)));
        Arc::new(Self { checkouts, carts })
    }

    fn permits(&self, method: &Method, path: &str) -> Option<&Semaphore> {
        match *method {
            Method::POST if path == "/v1/orders" => Some(&self.checkouts),
            Method::PUT | Method::DELETE if path.starts_with("/v1/cart") => Some(&self.carts),
            _ => None,
        }
    }
}

/// Refuses a request at once if too many of its class are in progress.
pub(super) async fn shed(State(classes): State<Arc<Classes>>, request: Request, next: Next) -> Response {
    let permits = classes.permits(request.method(), request.uri().path());
    let Ok(_permit) = permits.map(Semaphore::try_acquire).transpose() else {
        let refusal = Problem::new(ProblemType::Unavailable);
        return refusal.with_detail("too many requests of this kind are in progress").into_response();
    };
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, http::StatusCode, middleware::from_fn_with_state, routing::any};
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn checkouts_are_refused_first_and_reads_never_by_their_class() {
        let classes = Classes::of(8);
        let (started, mut running) = tokio::sync::mpsc::unbounded_channel();
        let endless = any(async move || {
            started.send(()).unwrap();
            std::future::pending::<()>().await
        });
        let routes = Router::new().fallback_service(endless).layer(from_fn_with_state(classes, shed));
        let mut send = async |method: &str, path: &str| {
            let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
            let mut response = tokio::spawn(routes.clone().oneshot(request));
            tokio::select! {
                _ = running.recv() => None,
                response = &mut response => Some(response.unwrap().unwrap()),
            }
        };
        for (method, path, admitted) in [("POST", "/v1/orders", 2), ("PUT", "/v1/cart/items/A", 4)] {
            for _ in 0..admitted {
                assert!(send(method, path).await.is_none(), "{method} {path}");
            }
            let refusal = send(method, path).await.unwrap();
            assert_eq!(refusal.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert!(refusal.headers().contains_key("retry-after"));
        }
        for (method, path) in [("GET", "/v1/cart"), ("POST", "/v1/orders/x/cancel"), ("GET", "/v1/orders")] {
            for _ in 0..8 {
                assert!(send(method, path).await.is_none(), "{method} {path}");
            }
        }
    }
}
