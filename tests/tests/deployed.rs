//! The shop as created by Terraform, with IAM enforced: the same journeys, the permissions of every role, and the
//! changes of a second plan.

use std::{collections::BTreeSet, path::Path};

use futures::{StreamExt, stream};
use serde_json::Value;
use stack::{
    emulator,
    terraform::Terraform,
    topology::Topology,
    units::{self, Units},
};
use tests::{
    Shop,
    roles::{Call, Role},
};
use tokio::sync::OnceCell;

/// The shop of all tests in this file.
async fn shop() -> &'static Shop {
    static SHOP: OnceCell<Shop> = OnceCell::const_new();
    SHOP.get_or_init(|| Shop::start_deployed("deployed")).await
}

tests::journeys!(shop, ignore = "needs Terraform: cargo checks runs it");

#[tokio::test]
#[ignore = "needs Terraform: cargo checks runs it"]
async fn every_role_may_do_its_own_and_nothing_of_others() {
    let shop = shop().await;
    let topology = Topology::load().unwrap();
    let calls = Call::all(&topology, &shop.aws_config()).await;
    let (mut allowed, mut denied, mut wrong) = (0, 0, Vec::new());
    for role in Role::all(&topology) {
        let aws = emulator::sdk_config_as(&shop.aws, &role.name()).await.unwrap();
        // Allowed calls without side effects are made as well, because invalid credentials would be denied every call.
        let calls = calls.iter().map(|call| (call.is_for(&role, &topology), call));
        let calls = calls.filter(|(is_allowed, call)| !is_allowed || !matches!(call, Call::SendMessage(_)));
        let answers = calls.map(async |(is_allowed, call)| (is_allowed, call.is_denied(&aws).await, call));
        let answers: Vec<_> = stream::iter(answers).buffer_unordered(8).collect().await;
        for (is_allowed, is_denied, call) in answers {
            *if is_allowed { &mut allowed } else { &mut denied } += 1;
            if is_allowed == is_denied {
                wrong.push(format!("{}: {call:?} is {}", role.name(), if is_denied { "denied" } else { "allowed" }));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    println!("{denied} calls were denied, {allowed} allowed");
    assert!(allowed >= Role::all(&topology).len(), "{allowed} controls");
}

/// The expected changes of a second plan: type, attribute, reason.
const FORGOTTEN: [(&str, &str, &str); 19] = [
    ("aws_apigatewayv2_authorizer", "authorizer_payload_format_version", "MiniStack sets one for JWT authorizers"),
    ("aws_cloudfront_response_headers_policy", "custom_headers_config", "MiniStack returns an empty block"),
    ("aws_cloudfront_response_headers_policy", "remove_headers_config", "MiniStack returns an empty block"),
    ("aws_cloudwatch_metric_alarm", "actions_enabled", ALARMS),
    ("aws_cloudwatch_metric_alarm", "alarm_actions", ALARMS),
    ("aws_cloudwatch_metric_alarm", "alarm_description", ALARMS),
    ("aws_cloudwatch_metric_alarm", "dimensions", ALARMS),
    ("aws_cloudwatch_metric_alarm", "extended_statistic", ALARMS),
    ("aws_cloudwatch_metric_alarm", "ok_actions", ALARMS),
    ("aws_cloudwatch_metric_alarm", "period", ALARMS),
    ("aws_cloudwatch_metric_alarm", "statistic", ALARMS),
    ("aws_cloudwatch_metric_alarm", "treat_missing_data", ALARMS),
    ("aws_db_instance", "backup_window", "MiniStack has a fixed backup window"),
    ("aws_db_instance", "enabled_cloudwatch_logs_exports", "MiniStack's databases write no logs"),
    ("aws_db_instance", "performance_insights_kms_key_id", "MiniStack has no Performance Insights"),
    ("aws_ecs_service", "availability_zone_rebalancing", "MiniStack does not return it"),
    ("aws_flow_log", "max_aggregation_interval", "MiniStack forgets it; it cannot be changed, only replaced"),
    ("aws_sesv2_email_identity", "dkim_signing_attributes", "MiniStack forgets it"),
    ("aws_vpc_endpoint", "policy", "MiniStack forgets it"),
];

/// Terraform sends CBOR to CloudWatch. MiniStack reads only names, thresholds and expressions from it.
const ALARMS: &str = "MiniStack forgets it";

#[tokio::test]
#[ignore = "needs Terraform: cargo checks runs it"]
async fn a_second_plan_changes_nothing_but_what_the_emulator_forgets() {
    let shop = shop().await;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap();
    let terraform = Terraform::find(&root.join("target")).expect("the shop was created with it");
    let folder = shop.folder().canonicalize().unwrap();
    let units = Units::new(terraform, &root, folder.join("terraform"), &shop.aws);
    let mut found = BTreeSet::new();
    let mut unexplained = BTreeSet::new();
    for unit in units::all(&Topology::load().unwrap()) {
        let plan = units.plan(unit).await.unwrap().unwrap_or_default();
        for change in plan["resource_changes"].as_array().into_iter().flatten() {
            let kind = change["type"].as_str().unwrap();
            for attribute in changed(&change["change"]) {
                match FORGOTTEN.iter().position(|(k, a, _)| *k == kind && *a == attribute) {
                    Some(place) => _ = found.insert(place),
                    None => _ = unexplained.insert(format!("{unit}: {} {attribute}", change["address"])),
                }
            }
        }
    }
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    let stale: Vec<_> = (0..FORGOTTEN.len()).filter(|place| !found.contains(place)).map(|i| FORGOTTEN[i]).collect();
    assert!(stale.is_empty(), "the emulator no longer forgets, take it off the list: {stale:#?}");
}

/// The changed attributes. For a replacement, the attributes that force it. For a creation or deletion, the action
/// itself.
fn changed(change: &Value) -> BTreeSet<String> {
    let actions: Vec<_> = change["actions"].as_array().unwrap().iter().map(|action| action.as_str().unwrap()).collect();
    match actions[..] {
        ["no-op"] | ["read"] => BTreeSet::new(),
        ["update"] => {
            let (before, after) = (change["before"].as_object().unwrap(), change["after"].as_object().unwrap());
            let names = before.keys().chain(after.keys());
            names.filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
        }
        _ => match change["replace_paths"].as_array() {
            Some(paths) => paths.iter().map(|path| path[0].as_str().unwrap().to_owned()).collect(),
            None => BTreeSet::from([actions.join(" and ")]),
        },
    }
}
