use aws_sdk_sqs::types::MessageSystemAttributeName;
use contracts::OrderId;
use stack::testing::eventually;

use super::harness::{PATIENCE, shop_as_process, stock_reserved};

#[tokio::test]
async fn no_receive_of_a_message_is_spent_while_the_table_is_away() {
    let shop = shop_as_process(&[("--order-table", "no-such-table")], &[]).await;
    shop.deliver([stock_reserved(OrderId::generate(), 100).to_json()]).await;
    let refusals = || {
        let lines = shop.process().logged("messages could not be received");
        lines.iter().filter(|line| line["queue"] == shop.inbox_url.as_str()).count()
    };
    let before = refusals();
    eventually("the loop goes round again", PATIENCE, async || (refusals() > before + 1).then_some(())).await;

    let receive = shop.sqs.receive_message().queue_url(&shop.inbox_url).wait_time_seconds(10);
    let answer = receive.message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount).send();
    let messages = answer.await.unwrap().messages.unwrap_or_default();
    let attributes = messages[0].attributes.as_ref().unwrap();
    assert_eq!(attributes[&MessageSystemAttributeName::ApproximateReceiveCount], "1", "this receive is the first");
}
