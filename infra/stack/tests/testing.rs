//! The test kit itself.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sns::types::MessageAttributeValue;
use contracts::{
    Envelope, UserId,
    auth::{Scope, Verifier},
};
use jsonwebtoken::jwk::JwkSet;
use serde_json::json;
use sqlx::Connection;
use stack::provision::secrets;

const LIMIT: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_table_stores_items_and_is_new_for_every_caller() {
    let aws = stack::testing::aws().await;
    let (one, other) = tokio::join!(aws.create_table("order"), aws.create_table("order"));
    assert_ne!(one, other);
    let dynamodb = aws_sdk_dynamodb::Client::new(&aws.sdk_config());
    let key = |text: &str| AttributeValue::S(text.to_owned());
    let item = HashMap::from([("pk".to_owned(), key("ORDER#1")), ("sk".to_owned(), key("ORDER"))]);
    dynamodb.put_item().table_name(&one).set_item(Some(item)).send().await.unwrap();
    assert_eq!(dynamodb.scan().table_name(&one).send().await.unwrap().count, 1);
    assert_eq!(dynamodb.scan().table_name(&other).send().await.unwrap().count, 0);
}

#[tokio::test]
async fn a_topic_probe_sees_what_is_published() {
    let sample = include_str!("../../../libs/contracts/samples/shop.user.deleted.v1.json");
    let event: Envelope = serde_json::from_str(sample).unwrap();
    let aws = stack::testing::aws().await;
    let topic = aws.create_topic().await;
    let sns = aws_sdk_sns::Client::new(&aws.sdk_config());
    assert_eq!(topic.published().await, []);
    for _ in 0..2 {
        let kind = MessageAttributeValue::builder().data_type("String").string_value(event.event.kind());
        let publish = sns.publish().topic_arn(&topic.arn).message(event.to_json());
        publish.message_attributes("type", kind.build().unwrap()).send().await.unwrap();
    }
    assert_eq!(topic.published_at_least(2, LIMIT).await, [event.clone(), event]);
    assert_eq!(topic.published().await.len(), 2, "it keeps received events");
}

#[tokio::test]
async fn a_queue_has_a_dead_letter_queue_beside_it() {
    let aws = stack::testing::aws().await;
    let queue = aws.create_queue("order-inbox").await;
    let sqs = aws_sdk_sqs::Client::new(&aws.sdk_config());
    for url in [queue.clone(), format!("{queue}-dlq")] {
        sqs.send_message().queue_url(url).message_body("hello").send().await.unwrap();
    }
}

#[tokio::test]
async fn a_card_processor_fails_on_demand_and_shares_no_state() {
    let (psp, other) = tokio::join!(stack::testing::psp(), stack::testing::psp());
    let http = reqwest::Client::new();
    let pay = async || {
        let intent = [
            ("amount", "1250"),
            ("currency", "eur"),
            ("capture_method", "manual"),
            ("confirm", "true"),
            ("payment_method", "pm_card_visa"),
            ("metadata[order_id]", "ord_1"),
        ];
        let request = http.post(format!("{}/v1/payment_intents", psp.base_url())).bearer_auth(psp.secret_key());
        request.form(&intent).send().await.unwrap().status().as_u16()
    };
    let fault = json!({ "operation": "*", "kind": "error_500", "times": 1 });
    psp.control().inject(&fault).await.unwrap();
    assert_eq!(pay().await, 500);
    assert_eq!(pay().await, 200);
    assert_eq!(psp.control().live_authorizations("ord_1").await.unwrap(), [1250]);
    assert_eq!(psp.control().ledger("ord_1").await.unwrap().len(), 1);
    assert_eq!(other.control().ledger("ord_1").await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_signing_key_signs() {
    let aws = stack::testing::aws().await;
    let key = aws.create_signing_key().await;
    let kms = aws_sdk_kms::Client::new(&aws.sdk_config());
    let public = kms.get_public_key().key_id(key).send().await.unwrap();
    assert!(public.public_key.is_some());
}

#[tokio::test]
async fn a_database_is_a_new_postgresql_18() {
    let (one, other) = tokio::join!(stack::testing::database(), stack::testing::database());
    assert_ne!(one, other);
    let mut connection = sqlx::PgConnection::connect(&one).await.unwrap();
    let version: String = sqlx::query_scalar("show server_version").fetch_one(&mut connection).await.unwrap();
    assert!(version.starts_with("18."), "{version}");
}

#[tokio::test]
async fn a_token_of_the_issuer_is_accepted_until_it_expires() {
    let issuer = stack::testing::token_issuer().await;
    let keys = reqwest::get(format!("{}/.well-known/jwks.json", issuer.url())).await.unwrap();
    let verifier = Verifier::new(issuer.url(), &keys.json::<JwkSet>().await.unwrap());
    let user = UserId::generate();
    let claims = verifier.verify(&issuer.token(user, &[Scope::Customer, Scope::Staff])).unwrap();
    assert_eq!(claims.sub, user);
    assert!(claims.allows(Scope::Staff) && !claims.allows(Scope::Admin));
    assert!(verifier.verify(&issuer.expired_token(user, &[Scope::Customer])).is_err());
}

#[tokio::test]
#[should_panic(expected = "the impossible")]
async fn a_timeout_names_the_expected_event() {
    stack::testing::eventually("the impossible", Duration::from_millis(50), async || None::<()>).await;
}

#[tokio::test]
async fn a_secret_is_created_once_and_has_its_last_value() {
    let aws = stack::testing::aws().await;
    let config = aws.sdk_config();
    let first = secrets::secret(&config, "twice", "sk_test_first").await.unwrap();
    let second = secrets::secret(&config, "twice", "sk_test_second").await.unwrap();
    assert_eq!(first, second);
    let secrets = aws_sdk_secretsmanager::Client::new(&config);
    let read = secrets.get_secret_value().secret_id(&first).send().await.unwrap();
    assert_eq!(read.secret_string(), Some("sk_test_second"));
}
