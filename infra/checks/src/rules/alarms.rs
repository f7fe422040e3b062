//! Who is woken, by what.

use stack::topology::Trigger;

use super::{
    made::{Finding, Made, Shop, Verdict},
    messaging::{is_for_dead_letters, topics},
};

pub fn every_alarm_wakes_somebody_and_says_why(shop: &Shop<'_>) -> Verdict {
    Verdict::of_each(shop.all("aws_cloudwatch_metric_alarm"), |alarm| {
        let actions: Vec<_> = alarm.list("/alarm_actions").collect();
        let heard = actions.iter().any(|action| action.as_str().is_some_and(|arn| arn.ends_with("-alarms")));
        let silent = (!heard || alarm.at("/actions_enabled") == false)
            .then(|| alarm.but("it does nothing at the topic of alarms"));
        let text = alarm.text("/alarm_description");
        let dumb = (text.len() < 20).then(|| alarm.but("it does not say what is wrong"));
        silent.into_iter().chain(dumb)
    })
}

/// A metric that somebody has to watch.
struct Watched {
    namespace: &'static str,
    metric: &'static str,
    /// `p99`, …; any if it is none.
    statistic: Option<&'static str>,
}

const fn watched(namespace: &'static str, metric: &'static str) -> Watched {
    Watched { namespace, metric, statistic: None }
}

const fn p99_of(namespace: &'static str, metric: &'static str) -> Watched {
    Watched { namespace, metric, statistic: Some("p99") }
}

/// The findings for metrics of `made` that no alarm of its unit watches.
fn unwatched(made: Made<'_>, dimension: &str, value: &str, metrics: &[Watched]) -> Vec<Finding> {
    let missing = metrics.iter().filter(|metric| {
        !made.beside("aws_cloudwatch_metric_alarm").any(|alarm| watches(alarm, metric, dimension, value))
    });
    missing.map(|metric| made.but(format!("no alarm watches {} of it", metric.metric))).collect()
}

/// Whether the alarm looks at the metric, by itself or in an expression.
fn watches(alarm: Made<'_>, metric: &Watched, dimension: &str, value: &str) -> bool {
    let own = &alarm.resource.values;
    let within = alarm.list("/metric_query").filter_map(|query| query.pointer("/metric/0"));
    std::iter::once(own).chain(within).any(|one| {
        let statistic = |name: &str| metric.statistic.is_none_or(|statistic| one[name] == statistic);
        one["namespace"] == metric.namespace
            && one["metric_name"] == metric.metric
            && one["dimensions"][dimension] == value
            && (statistic("extended_statistic") || statistic("stat"))
    })
}

pub fn every_function_has_its_alarms(shop: &Shop<'_>) -> Verdict {
    const ALL: [Watched; 3] =
        [watched("AWS/Lambda", "Errors"), p99_of("AWS/Lambda", "Duration"), watched("AWS/Lambda", "Throttles")];
    Verdict::of_each(shop.all("aws_lambda_function"), |function| {
        let name = function.text("/function_name");
        let reads_stream =
            shop.topology.function(shop.plain(name)).is_some_and(|one| matches!(one.trigger, Trigger::Stream { .. }));
        let stream: &[Watched] = if reads_stream { &[watched("AWS/Lambda", "IteratorAge")] } else { &[] };
        [&ALL, stream].map(|metrics| unwatched(function, "FunctionName", name, metrics)).concat()
    })
}

pub fn every_service_has_its_alarms(shop: &Shop<'_>) -> Verdict {
    const OF_TARGETS: [Watched; 3] = [
        watched("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count"),
        p99_of("AWS/ApplicationELB", "TargetResponseTime"),
        watched("AWS/ApplicationELB", "HealthyHostCount"),
    ];
    let tasks = Verdict::of_each(shop.all("aws_ecs_service"), |service| {
        unwatched(service, "ServiceName", service.text("/name"), &[watched("AWS/ECS", "CPUUtilization")])
    });
    tasks.and(Verdict::of_each(shop.all("aws_lb_target_group"), |group| {
        unwatched(group, "TargetGroup", group.text("/arn_suffix"), &OF_TARGETS)
    }))
}

pub fn every_queue_has_its_alarm(shop: &Shop<'_>) -> Verdict {
    Verdict::of_each(shop.all("aws_sqs_queue"), |queue| {
        // A dead letter is too many; of others it matters how long they wait.
        let dead = is_for_dead_letters(queue);
        let metric = if dead { "ApproximateNumberOfMessagesVisible" } else { "ApproximateAgeOfOldestMessage" };
        unwatched(queue, "QueueName", queue.text("/name"), &[watched("AWS/SQS", metric)])
    })
}

pub fn every_table_and_database_has_its_alarms(shop: &Shop<'_>) -> Verdict {
    const OF_TABLES: [Watched; 2] =
        [watched("AWS/DynamoDB", "ReadThrottleEvents"), watched("AWS/DynamoDB", "WriteThrottleEvents")];
    const OF_DATABASES: [Watched; 4] = [
        watched("AWS/RDS", "CPUUtilization"),
        watched("AWS/RDS", "FreeStorageSpace"),
        watched("AWS/RDS", "FreeableMemory"),
        watched("AWS/RDS", "DatabaseConnections"),
    ];
    let tables = Verdict::of_each(shop.all("aws_dynamodb_table"), |table| {
        unwatched(table, "TableName", table.text("/name"), &OF_TABLES)
    });
    tables.and(Verdict::of_each(shop.all("aws_db_instance"), |database| {
        unwatched(database, "DBInstanceIdentifier", database.text("/identifier"), &OF_DATABASES)
    }))
}

pub fn every_topic_has_its_alarm(shop: &Shop<'_>) -> Verdict {
    Verdict::of_each(topics(shop), |topic| {
        unwatched(topic, "TopicName", topic.text("/name"), &[watched("AWS/SNS", "NumberOfNotificationsFailed")])
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::made::tests::*, *};

    #[test]
    fn an_alarm_without_an_action_or_a_reason_is_found() {
        let alarm = |actions: &[&str], text: &str| {
            let values = json!({ "alarm_actions": actions, "alarm_description": text });
            findings(every_alarm_wakes_somebody_and_says_why, &state([("a", "aws_cloudwatch_metric_alarm", values)]))
        };
        let (topic, text) = ("arn:aws:sns:eu-central-1:1:shop-test-alarms", "Nobody answers any longer.");
        assert!(alarm(&[topic], text).is_empty());
        assert_eq!(alarm(&[], text).len(), 1);
        assert_eq!(alarm(&[topic], "").len(), 1);
    }

    #[test]
    fn a_metric_is_watched_by_itself_or_in_an_expression() {
        let queue = || ("q", "aws_sqs_queue", json!({ "name": "inbox" }));
        let metric = json!({ "namespace": "AWS/SQS", "metric_name": "ApproximateAgeOfOldestMessage", "dimensions": { "QueueName": "inbox" } });
        let other = json!({ "namespace": "AWS/SQS", "metric_name": "ApproximateAgeOfOldestMessage", "dimensions": { "QueueName": "outbox" } });
        let kind = "aws_cloudwatch_metric_alarm";
        assert!(findings(every_queue_has_its_alarm, &state([queue(), ("a", kind, metric.clone())])).is_empty());
        let within = json!({ "metric_query": [{ "expression": "x" }, { "metric": [metric] }] });
        assert!(findings(every_queue_has_its_alarm, &state([queue(), ("a", kind, within)])).is_empty());
        assert_eq!(
            findings(every_queue_has_its_alarm, &state([queue(), ("a", kind, other)])),
            ["order (dev) q: no alarm watches ApproximateAgeOfOldestMessage of it"]
        );
    }
}
