//! Parses the settings, connects, and serves as a Lambda function, or runs the subcommand.

use clap::Parser;
use user::{
    AppState, Config, aws, config::Command, grant::grant, republish::republish, router, store::Store, telemetry,
};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::parse();
    telemetry::init();
    let aws = aws::config().await;

    match &config.command {
        None => {
            let state = AppState::connect(&config, &aws).await?;
            lambda_http::run(router(state)).await.map_err(anyhow::Error::from_boxed)
        }
        Some(Command::Grant { email, scopes }) => {
            let store = Store::new(aws_sdk_dynamodb::Client::new(&aws), &config.user_table);
            let user_id = grant(&store, email, scopes.iter().copied().collect()).await?;
            tracing::info!(%user_id, ?scopes, "scopes set");
            Ok(())
        }
        Some(Command::Republish { per_second }) => {
            let store = Store::new(aws_sdk_dynamodb::Client::new(&aws), &config.user_table);
            republish(&store, *per_second).await.map(|_| ())
        }
    }
}
