//! Topics, queues and subscriptions: the same as in `infra/topology.json`.

use serde_json::json;
use stack::topology::dead_letter_name;

use super::made::{Made, Shop, Verdict, compare, sorted};

const FOURTEEN_DAYS: u64 = 14 * 24 * 60 * 60;

/// Not dead-letter queues, by their names.
fn queues<'a>(shop: &Shop<'a>) -> impl Iterator<Item = Made<'a>> {
    shop.all("aws_sqs_queue").filter(|queue| !is_for_dead_letters(*queue))
}

/// Whether it keeps what could not be handled.
pub fn is_for_dead_letters(queue: Made<'_>) -> bool {
    queue.text("/name").ends_with(&dead_letter_name(""))
}

/// The topic's name at the end of its ARN, as the topology has it. The mocked platform is of the environment `test`.
pub fn topic_of(arn: &str) -> &str {
    let name = arn.rsplit(':').next().unwrap_or(arn);
    name.strip_prefix("shop-test-").unwrap_or(name)
}

/// Topics that events are published on. One more is for alarms.
pub fn topics<'a>(shop: &Shop<'a>) -> impl Iterator<Item = Made<'a>> {
    let alarms = format!("shop-{}-alarms", shop.profile);
    shop.all("aws_sns_topic").filter(move |topic| topic.text("/name") != alarms)
}

pub fn topics_are_those_of_the_topology(shop: &Shop<'_>) -> Verdict {
    let expected = shop.topology.topics.iter().map(|name| (name.clone(), json!({})));
    compare(expected, topics(shop).map(|topic| (topic, shop.plain(topic.text("/name")).to_owned(), json!({}))))
}

pub fn units_are_told_of_every_topic(shop: &Shop<'_>) -> Verdict {
    Verdict::of_each(topics(shop), |topic| {
        let name = format!("/shop/{}/platform/topic_arn_{}", shop.profile, shop.plain(topic.text("/name")));
        let told = topic.only("aws_ssm_parameter", "/name", &name);
        let right = told.is_some_and(|parameter| parameter.text("/value") == topic.text("/arn"));
        (!right).then(|| topic.but(format!("its ARN is not in {name}")))
    })
}

pub fn queues_are_those_of_the_topology(shop: &Shop<'_>) -> Verdict {
    let expected = shop.topology.queues.iter().map(|queue| {
        let shape = json!({
            "unit": queue.consumer,
            "visibility timeout": queue.visibility_timeout_seconds,
            "receives at most": queue.max_receive_count,
        });
        (queue.name.clone(), shape)
    });
    let made = queues(shop).map(|queue| {
        let shape = json!({
            "unit": queue.state.unit,
            "visibility timeout": queue.at("/visibility_timeout_seconds"),
            "receives at most": queue.json("/redrive_policy")["maxReceiveCount"],
        });
        (queue, shop.plain(queue.text("/name")).to_owned(), shape)
    });
    compare(expected, made)
}

pub fn every_queue_has_dead_letters_for_fourteen_days(shop: &Shop<'_>) -> Verdict {
    let kept = |queue: Made<'_>| queue.at("/message_retention_seconds").as_u64();
    let lasting = shop.all("aws_sqs_queue").filter(|queue| is_for_dead_letters(*queue));
    let lasting = Verdict::of_each(lasting, |queue| {
        (kept(queue) != Some(FOURTEEN_DAYS)).then(|| queue.but("dead letters are not kept for fourteen days"))
    });
    lasting.and(Verdict::of_each(queues(shop), |queue| {
        let target = queue.json("/redrive_policy")["deadLetterTargetArn"].as_str().unwrap_or_default().to_owned();
        let own = dead_letter_name(queue.text("/name"));
        let found = queue.only("aws_sqs_queue", "/arn", &target).is_some_and(|dead| dead.text("/name") == own);
        // A dead letter keeps its age.
        let first = kept(queue).is_some_and(|seconds| seconds < FOURTEEN_DAYS);
        let but = |what: String| queue.but(what);
        let missing = (!found).then(|| but(format!("its dead letters go to `{target}`, which is not `{own}`")));
        missing
            .into_iter()
            .chain((!first).then(|| but("it keeps messages as long as its dead letters: those would be gone".into())))
    }))
}

pub fn subscriptions_and_filters_are_those_of_the_topology(shop: &Shop<'_>) -> Verdict {
    let expected = shop.topology.queues.iter().flat_map(|queue| {
        queue.subscriptions.iter().map(|subscription| {
            let types = sorted(&json!(subscription.types));
            let shape = json!({ "types": types, "raw delivery": true, "filter on": "MessageAttributes" });
            (format!("{} from {}", queue.name, subscription.topic), shape)
        })
    });
    let made = shop.all("aws_sns_topic_subscription").filter(|subscription| subscription.text("/protocol") == "sqs");
    let made = made.map(|subscription| {
        let queue = subscription.only("aws_sqs_queue", "/arn", subscription.text("/endpoint"));
        let queue = queue.map_or("(no queue of this unit)", |queue| shop.plain(queue.text("/name")));
        let shape = json!({
            "types": sorted(&subscription.json("/filter_policy")["type"]),
            "raw delivery": subscription.at("/raw_message_delivery"),
            "filter on": subscription.at("/filter_policy_scope"),
        });
        (subscription, format!("{queue} from {}", topic_of(subscription.text("/topic_arn"))), shape)
    });
    compare(expected, made)
}

pub fn what_cannot_be_delivered_becomes_a_dead_letter(shop: &Shop<'_>) -> Verdict {
    let subscriptions = shop.all("aws_sns_topic_subscription").filter(|one| one.text("/protocol") == "sqs");
    Verdict::of_each(subscriptions, |subscription| {
        let target = |made: Made<'_>| made.json("/redrive_policy")["deadLetterTargetArn"].as_str().map(str::to_owned);
        let queue = subscription.only("aws_sqs_queue", "/arn", subscription.text("/endpoint"));
        let same = queue.is_some_and(|queue| target(queue).is_some() && target(queue) == target(subscription));
        (!same).then(|| subscription.but("what SNS cannot deliver does not go to the queue's dead letters"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{super::made::tests::*, *};

    fn queue(name: &str, arn: &str, days: u64, target: &str) -> Value {
        let redrive = json!({ "deadLetterTargetArn": target, "maxReceiveCount": 5 }).to_string();
        json!({ "name": name, "arn": arn, "message_retention_seconds": days * 86_400, "redrive_policy": redrive })
    }

    #[test]
    fn dead_letters_go_to_the_queues_own_and_outlive_it() {
        let dead = |days| ("dead", "aws_sqs_queue", queue("shop-dev-a-dlq", "2", days, ""));
        let main = |days, target| ("main", "aws_sqs_queue", queue("shop-dev-a", "1", days, target));
        let said = |main, dead| findings(every_queue_has_dead_letters_for_fourteen_days, &state([main, dead]));
        assert!(said(main(4, "2"), dead(14)).is_empty());
        assert_eq!(said(main(4, "2"), dead(13)), ["order (dev) dead: dead letters are not kept for fourteen days"]);
        assert_eq!(
            said(main(4, "1"), dead(14)),
            ["order (dev) main: its dead letters go to `1`, which is not `shop-dev-a-dlq`"]
        );
        assert_eq!(said(main(14, "2"), dead(14)).len(), 1);
    }

    #[test]
    fn topics_are_named_by_their_arn() {
        assert_eq!(topic_of("arn:aws:sns:eu-central-1:111122223333:shop-test-order-events"), "order-events");
    }
}
