//! The topics and queues, as a mischievous broker would use them: it listens to every event and delivers it again.

use std::collections::HashMap;

use aws_sdk_sns::types::MessageAttributeValue;
use aws_sdk_sqs::types::QueueAttributeName;
use contracts::Envelope;
use stack::topology::Topology;

use crate::Shop;

/// A listener on every topic.
#[derive(Debug)]
pub struct Wiretap {
    sns: aws_sdk_sns::Client,
    sqs: aws_sdk_sqs::Client,
    queue_url: String,
    topics: HashMap<String, String>,
}

impl Wiretap {
    /// Listens from now on.
    pub async fn new(shop: &Shop) -> Self {
        let config = shop.aws_config();
        let (sns, sqs) = (aws_sdk_sns::Client::new(&config), aws_sdk_sqs::Client::new(&config));
        let queue = sqs.create_queue().queue_name("wiretap").send().await.expect("a queue");
        let queue_url = queue.queue_url().expect("a URL").to_owned();
        let attributes = sqs.get_queue_attributes().queue_url(&queue_url).attribute_names(QueueAttributeName::QueueArn);
        let attributes = attributes.send().await.expect("attributes");
        let arn = attributes.attributes().and_then(|a| a.get(&QueueAttributeName::QueueArn)).expect("an ARN").clone();
        let names = Topology::load().expect("a valid topology").topics;
        let mut topics = HashMap::new();
        for topic in sns.list_topics().send().await.expect("topics").topics() {
            let topic_arn = topic.topic_arn().expect("an ARN");
            let Some(name) = names.iter().find(|name| topic_arn.ends_with(*name)) else { continue };
            let subscription = sns.subscribe().topic_arn(topic_arn).protocol("sqs").endpoint(&arn);
            subscription.attributes("RawMessageDelivery", "true").send().await.expect("a subscription");
            topics.insert(name.clone(), topic_arn.to_owned());
        }
        assert_eq!(topics.len(), names.len(), "{topics:?}");
        Self { sns, sqs, queue_url, topics }
    }

    /// Everything that was published since the last call.
    pub async fn heard(&self) -> Vec<Envelope> {
        let mut heard = Vec::new();
        loop {
            let received = self.sqs.receive_message().queue_url(&self.queue_url).max_number_of_messages(10);
            let received = received.send().await.expect("messages");
            if received.messages().is_empty() {
                return heard;
            }
            for message in received.messages() {
                heard.push(serde_json::from_str(message.body().expect("a body")).expect("an envelope"));
                let handle = message.receipt_handle().expect("a handle");
                self.sqs
                    .delete_message()
                    .queue_url(&self.queue_url)
                    .receipt_handle(handle)
                    .send()
                    .await
                    .expect("deleted");
            }
        }
    }

    /// Publishes an event once more, as it was.
    pub async fn deliver_again(&self, envelope: &Envelope) {
        let publisher = envelope.source.strip_prefix("/shop/").expect("one of our sources");
        let kind = MessageAttributeValue::builder().data_type("String").string_value(envelope.event.kind());
        let publish =
            self.sns.publish().topic_arn(&self.topics[&format!("{publisher}-events")]).message(envelope.to_json());
        publish.message_attributes("type", kind.build().expect("an attribute")).send().await.expect("published");
    }

    /// Messages that wait or are in flight in one of the shop's queues.
    pub async fn depth(&self, queue: &str) -> i64 {
        let url = self.sqs.get_queue_url().queue_name(queue).send().await.expect("a queue").queue_url.expect("a URL");
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let attributes = self.sqs.get_queue_attributes().queue_url(url).set_attribute_names(Some(names.to_vec()));
        let attributes = attributes.send().await.expect("attributes").attributes.unwrap_or_default();
        names.iter().filter_map(|name| attributes.get(name)?.parse::<i64>().ok()).sum()
    }
}
