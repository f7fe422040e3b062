//! `cargo shop dlq`: poison stays where an operator can see it, and what was not poison is handled once after all.

use std::{collections::BTreeSet, fs, process::Command};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::MessageAttributeValue;
use chrono::TimeDelta;
use contracts::{Envelope, Event, EventId, UserId, event::user, outbox::OutboxItem};
use serde_json::{Value, json};
use stack::{clock, emulator, testing::eventually, topology::Topology};
use tests::{
    Shop,
    broker::Wiretap,
    crowd::VISA,
    people::{PATIENCE, Stock},
};
use tokio::sync::{Mutex, MutexGuard, OnceCell};

/// One shop for all tests of this file, one test at a time: they share the dead-letter queues.
async fn shop() -> (&'static Shop, MutexGuard<'static, ()>) {
    static SHOP: OnceCell<Shop> = OnceCell::const_new();
    static TURN: Mutex<()> = Mutex::const_new(());
    let turn = TURN.lock().await;
    (SHOP.get_or_init(|| Shop::start("dead-letters", &[])).await, turn)
}

/// Runs the tool. Returns whether it succeeded, and its output.
fn run(shop: &Shop, arguments: &[&str], environment: &[(&str, String)]) -> (bool, String) {
    let tool = format!("/proc/{}/exe", shop.record()["pid"]);
    let output = Command::new(tool).args(arguments).envs(environment.iter().cloned()).output().expect("the tool runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

/// Runs a command about dead letters of the local shop, which succeeds. Returns its output.
fn dlq(shop: &Shop, arguments: &[&str]) -> String {
    let folder = shop.folder().to_str().expect("a path in UTF-8");
    let (success, text) = run(shop, &[&["dlq"], arguments, &["--data", folder]].concat(), &[]);
    assert!(success, "dlq {arguments:?}: {text}");
    text
}

/// The number of messages that `list` shows for a queue.
fn count(list: &str, queue: &str) -> usize {
    let line = list.lines().find(|line| line.split_whitespace().next() == Some(queue));
    let number = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    number.unwrap_or_else(|| panic!("no count of {queue}: {list}"))
}

async fn appears(shop: &Shop, queue: &str) {
    eventually(&format!("one message in {queue}"), PATIENCE, async || {
        (count(&dlq(shop, &["list"]), queue) == 1).then_some(())
    })
    .await;
}

async fn url(sqs: &aws_sdk_sqs::Client, queue: &str) -> String {
    sqs.get_queue_url().queue_name(queue).send().await.expect("a queue").queue_url.expect("a URL")
}

async fn send(sqs: &aws_sdk_sqs::Client, queue: &str, body: &str) {
    sqs.send_message().queue_url(url(sqs, queue).await).message_body(body).send().await.expect("sent");
}

/// Sends a signal to product.
fn signal(shop: &Shop, name: &str) {
    let pid = shop.record()["parts"]["product"]["pid"].to_string();
    assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().expect("kill runs").success());
}

#[tokio::test]
async fn poison_of_every_queue_is_listed_comes_back_after_a_redrive_and_can_be_discarded() {
    let (shop, _turn) = shop().await;
    let sqs = aws_sdk_sqs::Client::new(&shop.aws_config());
    let poison = json!({ "type": "shop.test.poison.v1", "data": { "email": "ada@example.com" } }).to_string();
    let topology = Topology::load().expect("a valid topology");
    let queues: Vec<_> = topology.queues.iter().filter(|queue| !queue.subscriptions.is_empty()).collect();
    for queue in &queues {
        send(&sqs, &queue.name, &poison).await;
    }

    for queue in queues {
        let (name, dead) = (&queue.name, &queue.dead_letter_name());
        appears(shop, dead).await;
        let list = dlq(shop, &["list"]);
        assert!(list.contains("1  shop.test.poison.v1: ") && !list.contains("ada@"), "{list}");

        let redrive = dlq(shop, &["redrive", name, "--watch", "30"]);
        assert!(redrive.contains(&format!("1 messages (1 events) sent to {name}")), "{redrive}");
        assert!(redrive.contains("1 came back") && !redrive.contains("ada@"), "{redrive}");

        let show = dlq(shop, &["show", dead]);
        assert!(show.contains("ada@example.com") && show.contains("personal data"), "{show}");
        assert!(show.contains(&format!("cargo shop logs {}", queue.consumer)), "{show}");

        let folder = shop.folder().to_str().expect("a path in UTF-8");
        let (success, refusal) = run(shop, &["dlq", "discard", name, "--yes", "2", "--data", folder], &[]);
        assert!(!success && refusal.contains("nothing was deleted"), "{refusal}");
        assert_eq!(count(&dlq(shop, &["list"]), dead), 1);

        let discard = dlq(shop, &["discard", name, "--yes", "1"]);
        let path =
            discard.split_once("bodies are in ").and_then(|(_, rest)| rest.split_once(". They")).expect("a path").0;
        let kept: Value = serde_json::from_str(&fs::read_to_string(path).expect("the file")).expect("one line of JSON");
        assert_eq!(kept["body"], *poison);
        assert_eq!(count(&dlq(shop, &["list"]), dead), 0);
    }
}

/// I9: the message is redriven twice, as after a redrive that was killed between sending and deleting it.
#[tokio::test]
async fn an_event_that_preceded_its_order_is_handled_once_although_it_is_redriven_twice() {
    let (shop, _turn) = shop().await;
    let (ada, staff) = tokio::join!(shop.shopper(), shop.staff());
    let tea = shop.stocked(&staff, "TEST-HAPPY", 5).await;
    let sqs = aws_sdk_sqs::Client::new(&shop.aws_config());
    let dynamodb = aws_sdk_dynamodb::Client::new(&shop.aws_config());

    // Product answers while the order does not exist, as if its table was restored later.
    signal(shop, "STOP");
    let id = ada.order(&tea, 1, VISA).await;
    let query = dynamodb.query().table_name("order").key_condition_expression("pk = :pk");
    let query = query.expression_attribute_values(":pk", AttributeValue::S(format!("ORDER#{id}")));
    let items = query.send().await.expect("the order").items.expect("items");
    assert!(!items.is_empty());
    for item in &items {
        let delete = dynamodb.delete_item().table_name("order").key("pk", item["pk"].clone());
        delete.key("sk", item["sk"].clone()).send().await.expect("deleted");
    }
    signal(shop, "CONT");
    appears(shop, "order-inbox-dlq").await;
    let list = dlq(shop, &["list"]);
    assert!(list.contains("1  shop.product.stock_reserved.v1: order … does not exist"), "{list}");
    for item in items {
        dynamodb.put_item().table_name("order").set_item(Some(item)).send().await.expect("written");
    }
    let dead = url(&sqs, "order-inbox-dlq").await;
    let received = sqs.receive_message().queue_url(dead).visibility_timeout(0).send().await.expect("a message");
    let body = received.messages()[0].body().expect("a body").to_owned();

    assert!(dlq(shop, &["redrive", "order-inbox"]).contains("0 came back"));
    let confirmed = ada.order_in(&id, &["confirmed"]).await;
    send(&sqs, "order-inbox-dlq", &body).await;
    let again = dlq(shop, &["redrive", "order-inbox"]);

    assert!(again.contains("1 messages (1 events)") && again.contains("0 came back"), "{again}");
    assert_eq!(count(&dlq(shop, &["list"]), "order-inbox-dlq"), 0);
    assert_eq!(ada.read_order(&id).await, confirmed);
    assert_eq!(shop.ledger(&id).await.len(), 1, "one authorization");
    staff.stock_becomes(&tea, Stock::of(4, 0, 1)).await;
    eventually("one mail", PATIENCE, async || (shop.mails(&ada.email, &id).await.len() == 1).then_some(())).await;

    let folder = shop.folder().to_str().expect("a path in UTF-8");
    let (success, story) = run(shop, &["order", &id, "--data", folder], &[]);
    assert!(success, "{story}");
    for part in ["status=placed", "does not exist", "status=confirmed", "card processor authorized", "mail: "] {
        assert!(story.contains(part), "no {part}: {story}");
    }
    let times: Vec<_> = story.lines().map(|line| &line[..23]).collect();
    assert!(times.is_sorted(), "{story}");
}

#[tokio::test]
async fn an_event_that_a_relay_parked_or_lambda_gave_up_is_published_again() {
    let (shop, _turn) = shop().await;
    let wiretap = Wiretap::new(shop).await;
    let sqs = aws_sdk_sqs::Client::new(&shop.aws_config());
    let ada = shop.shopper().await;
    let contact = user::Contact { email: ada.email.clone(), name: "Ada".to_owned(), locale: "en".to_owned() };
    let event = Event::UserUpdated(user::UserUpdated { user_id: UserId::generate(), contact });
    let envelope = Envelope::new(EventId::generate(), "user", 1, clock::now(), event);

    // An item without its type is no outbox item.
    let OutboxItem { pk, sk, event, .. } = OutboxItem::new(&envelope, clock::now());
    let put = aws_sdk_dynamodb::Client::new(&shop.aws_config()).put_item().table_name("user");
    let put = put.item("pk", AttributeValue::S(pk)).item("sk", AttributeValue::S(sk));
    put.item("event", AttributeValue::S(event)).send().await.expect("written");
    appears(shop, "user-outbox-relay-failures-dlq").await;
    wiretap.heard().await;
    let redrive = dlq(shop, &["redrive", "user-outbox-relay"]);
    assert!(redrive.contains("1 messages (1 events) sent to user-events again.\n0 came back"), "{redrive}");
    let heard: Vec<_> = wiretap.heard().await.into_iter().map(|envelope| envelope.id).collect();
    assert_eq!(heard, [envelope.id]);
    eventually("the welcome mail", PATIENCE, async || (shop.mails(&ada.email, "").await.len() == 1).then_some(()))
        .await;

    // Lambda names the records of a batch by their time.
    let (from, until) = (clock::now() - TimeDelta::minutes(1), clock::now());
    let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/user/stream/2026-11-25T00:00:00.000";
    let batch = json!({
        "version": "1.0",
        "DDBStreamBatchInfo": {
            "approximateArrivalOfFirstRecord": from, "approximateArrivalOfLastRecord": until, "streamArn": arn,
        },
    });
    send(&sqs, "user-outbox-relay-failures-dlq", &batch.to_string()).await;
    let redrive = dlq(shop, &["redrive", "user-outbox-relay-failures-dlq"]);
    assert!(redrive.contains("1 messages (") && redrive.contains("0 came back"), "{redrive}");
    let heard = wiretap.heard().await;
    let is_registration = |envelope: &&Envelope| matches!(&envelope.event, Event::UserRegistered(registered) if registered.contact.email == ada.email);
    assert_eq!(heard.iter().filter(is_registration).count(), 1, "{heard:?}");
    assert_eq!(shop.mails(&ada.email, "").await.len(), 1, "one welcome mail");
}

#[tokio::test]
async fn an_environment_on_aws_is_named_by_its_prefix_and_attributes_are_kept_but_the_reason() {
    let (shop, _turn) = shop().await;
    let sqs = aws_sdk_sqs::Client::new(&shop.aws_config());
    let environment = emulator::environment(&shop.aws);
    let arguments = ["dlq", "redrive", "order-inbox", "--watch", "1", "--environment", "drill"];
    let (success, missing) = run(shop, &arguments, &environment);
    assert!(!success && missing.contains("cannot find the queue shop-drill-order-inbox-dlq"), "{missing}");

    for queue in ["shop-drill-order-inbox", "shop-drill-order-inbox-dlq"] {
        sqs.create_queue().queue_name(queue).send().await.expect("a queue");
    }
    let dead = url(&sqs, "shop-drill-order-inbox-dlq").await;
    let text =
        |text: &str| MessageAttributeValue::builder().data_type("String").string_value(text).build().expect("text");
    let bodies = [r#"{"type":"one"}"#, r#"{"type":"two"}"#];
    for body in bodies {
        let message = sqs.send_message().queue_url(&dead).message_body(body);
        let message = message.message_attributes("reason", text("a reason")).message_attributes("type", text("a type"));
        message.send().await.expect("sent");
    }
    let (success, redrive) = run(shop, &[&arguments[..], &["--type", "one"]].concat(), &environment);
    assert!(success && redrive.contains("1 messages") && redrive.contains("0 came back"), "{redrive}");
    let (success, redrive) = run(shop, &arguments, &environment);
    assert!(success && redrive.contains("1 messages"), "the other message is not hidden: {redrive}");

    let receive = sqs.receive_message().queue_url(url(&sqs, "shop-drill-order-inbox").await).max_number_of_messages(10);
    let received = receive.message_attribute_names("All").send().await.expect("messages").messages.expect("two");
    let received_bodies: BTreeSet<_> = received.iter().filter_map(|message| message.body()).collect();
    assert_eq!(received_bodies, bodies.into());
    for message in &received {
        let attributes = message.message_attributes().expect("attributes");
        assert_eq!(attributes.keys().collect::<Vec<_>>(), ["type"]);
    }
}
