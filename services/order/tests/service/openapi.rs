use std::{fs, path::Path};

use order::{AppState, domain::Rules, events::deadlines::DeadlineQueue, store::Store};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

#[tokio::test]
async fn the_committed_description_of_the_api_is_up_to_date() {
    let sdk = aws_config::SdkConfig::builder().behavior_version(aws_config::BehaviorVersion::latest()).build();
    let app = AppState {
        store: Store::new(aws_sdk_dynamodb::Client::new(&sdk), "none".to_owned()),
        rules: Rules { stock_deadline: chrono::TimeDelta::zero(), payment_deadline: chrono::TimeDelta::zero() },
        deadlines: DeadlineQueue::new(aws_sdk_sqs::Client::new(&sdk), String::new(), TaskTracker::new()),
        tokens: watch::channel(None).1,
    };
    let (_, description) = order::http::router(app);
    let fresh = description.to_pretty_json().unwrap() + "\n";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    #[expect(clippy::disallowed_methods, reason = "asks whether to write the file instead of checking it")]
    if std::env::var("UPDATE_GENERATED").is_ok() {
        fs::write(&file, &fresh).unwrap();
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    assert!(committed == fresh, "openapi.json is stale: UPDATE_GENERATED=1 cargo test -p order");
}
