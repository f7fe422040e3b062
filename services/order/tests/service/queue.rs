use aws_sdk_sqs::types::MessageSystemAttributeName;
use contracts::OrderId;
use stack::testing::eventually;

use super::harness::{LIMIT, start_process, stock_reserved};

#[tokio::test]
async fn no_message_is_received_while_the_table_does_not_respond() {
    let service = start_process(&[("--order-table", "no-such-table")], &[]).await;
    service.deliver([stock_reserved(OrderId::generate(), 100).to_json()]).await;
    // The loop of each queue checks the table before each receive, once a second.
    let refusals = || service.process().logged("table not available").len();
    let before = refusals();
    eventually("the table is checked again", LIMIT, async || (refusals() > before + 3).then_some(())).await;

    let receive = service.sqs.receive_message().queue_url(&service.inbox_url).wait_time_seconds(10);
    let response = receive.message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount).send();
    let messages = response.await.unwrap().messages.unwrap_or_default();
    let attributes = messages[0].attributes.as_ref().unwrap();
    assert_eq!(attributes[&MessageSystemAttributeName::ApproximateReceiveCount], "1", "the first receive");
}
