//! A small campaign: thirty orders while parts of the shop die, freeze and throttle.

use std::{process::Command, time::Duration};

use tests::Shop;

/// Limit of the campaign, without the start of the shop. What a killed function has
/// received comes back after three minutes.
const LIMIT: Duration = Duration::from_secs(420);

#[tokio::test]
async fn thirty_orders_survive_a_campaign_of_faults() {
    // An abandoned order ends after 15 s, not 10 minutes. Messages are not lost here: they are repeated after 40 s or
    // more.
    let settings = ["order.PAYMENT_DEADLINE_SECONDS=15", "order.SWEEP_INTERVAL_SECONDS=1"];
    let shop = Shop::start("campaign", &settings).await;
    let data = shop.folder().to_owned();
    let campaign = tokio::task::spawn_blocking(move || {
        Command::new(env!("CARGO"))
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .args(["run", "--quiet", "--bin", "shop", "--", "campaign", "--orders", "30", "--seed", "8"])
            .args(["--faults", "kill,freeze,processor,throttle,duplicate", "--longest-freeze", "3", "--settle", "5"])
            .arg("--data")
            .arg(data)
            .output()
            .expect("cargo runs")
    });
    let output = tokio::time::timeout(LIMIT, campaign).await.expect("the campaign ends").expect("it does not panic");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.ends_with("Violations: none\n"), "{text}{errors}");
    assert!(text.contains("  confirmed "), "{text}");
}
