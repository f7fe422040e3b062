//! The topology, provisioned in an emulated AWS.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail as tests do")]

mod stand_in;

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::QueueAttributeName;
use contracts::{UserId, auth::Scope};
use serde_json::{Value, json};
use stack::{
    aws_api::{AwsApi, elements},
    testing::eventually,
};
use stand_in::Stack;

const LIMIT: Duration = Duration::from_secs(20);
const PLACED: &str = "shop.order.placed.v1";

#[tokio::test]
async fn a_repetition_changes_nothing() {
    let folder = stack::testing::folder("twice").await;
    let stack = Stack::start(&folder, "").await;
    let before = inventory(&stack).await;
    let (port, key) = (stack.emulator.port(), stack.signing_key.clone());
    let sqs = aws_sdk_sqs::Client::new(&stack.config);
    let queue = stack.messaging.queue("order-inbox").unwrap();
    sqs.send_message().queue_url(&queue.url).message_body("kept").send().await.unwrap();
    stack.emulator.stop().await;

    let again = Stack::start(&folder, "").await;
    let text = |inventory: &Value, port: u16| inventory.to_string().replace(&port.to_string(), "PORT");
    assert_eq!(text(&before, port), text(&inventory(&again).await, again.emulator.port()));
    assert_eq!(key, again.signing_key);
    let sqs = aws_sdk_sqs::Client::new(&again.config);
    let queue = again.messaging.queue("order-inbox").unwrap();
    let received = sqs.receive_message().queue_url(&queue.url).send().await.unwrap().messages.unwrap_or_default();
    assert_eq!(received.iter().filter_map(|message| message.body.as_deref()).collect::<Vec<_>>(), ["kept"]);

    let inbox = &again.messaging.queue("payment-inbox").unwrap().url;
    sqs.send_message().queue_url(inbox).message_body("received").send().await.unwrap();
    let seen = async || again.seen("payment").first().cloned();
    let seen = eventually("a function receives from an earlier queue on another port", LIMIT, seen).await;
    assert_eq!(seen["record"]["body"], "received");
}

#[tokio::test]
async fn a_crash_costs_seconds() {
    let folder = stack::testing::folder("crash").await;
    let stack = Stack::start(&folder, "").await;
    let dynamodb = aws_sdk_dynamodb::Client::new(&stack.config);
    let item =
        [("pk", "PRICE#kept"), ("sk", "PRICE")].map(|(name, value)| (name.into(), AttributeValue::S(value.into())));
    dynamodb.put_item().table_name("order").set_item(Some(item.clone().into())).send().await.unwrap();
    let file = folder.join("aws/state/dynamodb.json");
    eventually("the item is saved", LIMIT, async || {
        std::fs::read_to_string(&file).is_ok_and(|state| state.contains("PRICE#kept")).then_some(())
    })
    .await;
    let (pid, key) = (stack.emulator.process().pid().to_string(), stack.signing_key.clone());
    assert!(std::process::Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
    stack.emulator.process().exited().await;

    let again = Stack::start(&folder, "").await;
    assert_eq!(key, again.signing_key);
    let dynamodb = aws_sdk_dynamodb::Client::new(&again.config);
    let read = dynamodb.get_item().table_name("order").set_key(Some(item.into())).send().await.unwrap();
    assert!(read.item.is_some());
}

/// Ids of the created resources.
async fn inventory(stack: &Stack) -> Value {
    let (config, aws) = (&stack.config, AwsApi::of(&stack.config).unwrap());
    let get = async |service: &str, path: &str| aws.find(service, path).await.unwrap().unwrap();
    let mappings = get("lambda", "/2015-03-31/event-source-mappings/").await;
    let mappings = sorted(&mappings["EventSourceMappings"], |mapping| json!([mapping["FunctionArn"], mapping["UUID"]]));
    let functions = get("lambda", "/2015-03-31/functions/").await;
    let functions =
        sorted(&functions["Functions"], |function| json!([function["FunctionName"], function["CodeSha256"]]));
    let routes = get("apigateway", "/v2/apis/shop/routes?maxResults=500").await;
    let routes = sorted(&routes["items"], |route| json!([route["routeKey"], route["routeId"], route["authorizerId"]]));
    let groups = aws.query("elasticloadbalancing", "2015-12-01", "DescribeTargetGroups", &[]).await.unwrap();
    let groups = elements(&groups, "TargetGroupArn");
    assert!(!mappings.is_empty() && !functions.is_empty() && !routes.is_empty() && !groups.is_empty());
    let sns = aws_sdk_sns::Client::new(config);
    let subscriptions = sns.list_subscriptions().send().await.unwrap().subscriptions.unwrap();
    let mut subscriptions: Vec<_> =
        subscriptions.into_iter().map(|subscription| subscription.subscription_arn).collect();
    subscriptions.sort();
    json!([mappings, functions, routes, groups, subscriptions])
}

fn sorted(items: &Value, of: impl Fn(&Value) -> Value) -> Vec<String> {
    let mut items: Vec<_> = items.as_array().unwrap().iter().map(|item| of(item).to_string()).collect();
    items.sort();
    items
}

#[tokio::test]
async fn a_message_reaches_the_queues_that_subscribe_to_its_type_and_no_others() {
    let stack = Stack::start(&stack::testing::folder("filtered").await, "").await;
    let (sns, sqs) = (aws_sdk_sns::Client::new(&stack.config), aws_sdk_sqs::Client::new(&stack.config));
    let topic = stack.messaging.topic_arn("order-events").unwrap();
    for kind in ["shop.order.payment_requested.v1", PLACED] {
        let attribute = aws_sdk_sns::types::MessageAttributeValue::builder().data_type("String").string_value(kind);
        let publish = sns.publish().topic_arn(topic).message(kind);
        publish.message_attributes("type", attribute.build().unwrap()).send().await.unwrap();
    }
    let inbox = stack.messaging.queue("product-reservations").unwrap();
    let body = eventually("the order reaches product", LIMIT, async || {
        let received = sqs.receive_message().queue_url(&inbox.url).max_number_of_messages(10).send().await.unwrap();
        let bodies: Vec<_> =
            received.messages.unwrap_or_default().into_iter().filter_map(|message| message.body).collect();
        (!bodies.is_empty()).then_some(bodies)
    });
    assert_eq!(body.await, [PLACED], "only the subscribed message, unchanged");
    let received = async || stack.seen("payment").first().cloned();
    let seen = eventually("the payment request invokes payment", LIMIT, received).await;
    assert_eq!(seen["record"]["body"], "shop.order.payment_requested.v1");

    let attributes = sqs.get_queue_attributes().queue_url(&inbox.url).attribute_names(QueueAttributeName::All);
    let attributes = attributes.send().await.unwrap().attributes.unwrap();
    let redrive: Value = serde_json::from_str(&attributes[&QueueAttributeName::RedrivePolicy]).unwrap();
    assert_eq!(redrive["maxReceiveCount"].to_string().trim_matches('"'), "100");
    assert!(redrive["deadLetterTargetArn"].as_str().unwrap().ends_with(":product-reservations-dlq"));
    assert_eq!(attributes[&QueueAttributeName::VisibilityTimeout], "30");
    let dead_letters = format!("{}-dlq", inbox.url);
    let dead = sqs.get_queue_attributes().queue_url(dead_letters).attribute_names(QueueAttributeName::All);
    let dead = dead.send().await.unwrap().attributes.unwrap();
    assert_eq!(dead[&QueueAttributeName::MessageRetentionPeriod], "1209600");
}

#[tokio::test]
async fn an_outbox_item_is_relayed_until_it_succeeds_also_over_a_restart() {
    let relay = "order-outbox-relay";
    let folder = stack::testing::folder("relayed").await;
    let stack = Stack::start(&folder, "").await;
    put(&stack, "ORDER#1", None).await;
    put(&stack, "EVENT#1", Some("first")).await;
    let count = |stack: &Stack, failed: bool| stack.seen(relay).iter().filter(|line| line["failed"] == failed).count();
    eventually("the first event is relayed", LIMIT, async || (count(&stack, false) == 1).then_some(())).await;
    assert_eq!(stack.seen(relay)[0]["record"]["dynamodb"]["NewImage"]["event"]["S"], "first");

    stack.set_failing(relay, true);
    put(&stack, "EVENT#2", Some("second")).await;
    eventually("the second event fails twice", LIMIT, async || (count(&stack, true) >= 2).then_some(())).await;
    stack.emulator.stop().await;

    let stack = Stack::start(&folder, "").await;
    stack.set_failing(relay, false);
    eventually("the second event is relayed", LIMIT, async || (count(&stack, false) == 2).then_some(())).await;
    put(&stack, "EVENT#3", Some("third")).await;
    eventually("the third event is relayed", LIMIT, async || (count(&stack, false) == 3).then_some(())).await;
    let events: Vec<_> = stack.seen(relay).into_iter().filter(|line| line["failed"] == false).collect();
    assert_eq!(events[1]["record"]["dynamodb"]["NewImage"]["event"]["S"], "second");
}

async fn put(stack: &Stack, pk: &str, event: Option<&str>) {
    let dynamodb = aws_sdk_dynamodb::Client::new(&stack.config);
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let mut item = HashMap::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text("X"))]);
    item.extend(event.map(|event| ("event".to_owned(), text(event))));
    dynamodb.put_item().table_name("order").set_item(Some(item)).send().await.unwrap();
}

#[tokio::test]
async fn the_public_api_routes_to_functions_and_services_and_requires_tokens() {
    let issuer = stack::testing::token_issuer().await;
    let keys = format!("{}/.well-known/jwks.json", issuer.url());
    let stack = Stack::start(&stack::testing::folder("public-api").await, &keys).await;
    let client = reqwest::Client::new();
    let get = async |path: &str, token: Option<&str>| {
        let mut request = client.get(format!("{}{path}", stack.public_api));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let token = |seconds: i64, scope: Scope| {
        let mut claims = issuer.claims(UserId::generate(), &[scope], seconds);
        claims.iss = stack.public_api.clone();
        issuer.sign(&claims)
    };

    let (status, discovery) = get("/.well-known/openid-configuration", None).await;
    assert_eq!(status, 200, "{discovery}");
    assert!(discovery.contains(&stack.public_api), "a function responds: {discovery}");
    assert_eq!(get("/v1/products?q=mug", None).await, (200, "GET /v1/products?q=mug".to_owned()));
    assert_eq!(
        get("/v1/orders/ord_1", Some(&token(60, Scope::Customer))).await,
        (200, "GET /v1/orders/ord_1".to_owned())
    );
    assert_eq!(get("/v1/orders/ord_1", None).await.0, 401);
    assert_eq!(get("/v1/orders/ord_1", Some(&token(-60, Scope::Customer))).await.0, 401);
    assert_eq!(get("/v1/orders/ord_1", Some(&issuer.token(UserId::generate(), &[Scope::Customer]))).await.0, 401);
    assert_eq!(get("/v1/orders/ord_1", Some(&token(60, Scope::Staff))).await.0, 403);
    assert_eq!(get("/v1/nowhere", None).await.0, 404);
}
