//! Alarms: one for each metric that shows the failure of a planned resource, in the same root module.

use super::{Joined, Outcome};
use crate::planned::Plan;

/// Type of resource, argument with its name, condition on the name, namespace, dimension, and metrics that need an
/// alarm. The condition is an end of the name: `~` for names with it, `!` for names without. A metric may require a
/// statistic.
const WATCHED: &str = "
    aws_lambda_function  /function_name ~              AWS/Lambda FunctionName Errors Duration:p99 Throttles
    aws_lambda_function  /function_name ~-outbox-relay AWS/Lambda FunctionName IteratorAge
    aws_ecs_service      /name          ~              AWS/ECS    ServiceName  CPUUtilization
    aws_lb_target_group  /arn_suffix    ~              AWS/ApplicationELB TargetGroup HTTPCode_Target_5XX_Count
    aws_lb_target_group  /arn_suffix    ~              AWS/ApplicationELB TargetGroup TargetResponseTime:p99
    aws_lb_target_group  /arn_suffix    ~              AWS/ApplicationELB TargetGroup HealthyHostCount
    aws_sqs_queue        /name          ~-dlq          AWS/SQS QueueName ApproximateNumberOfMessagesVisible
    aws_sqs_queue        /name          !-dlq          AWS/SQS QueueName ApproximateAgeOfOldestMessage
    aws_sns_topic        /name          !-alarms       AWS/SNS TopicName NumberOfNotificationsFailed
    aws_dynamodb_table   /name          ~              AWS/DynamoDB TableName ReadThrottleEvents WriteThrottleEvents
    aws_db_instance      /identifier    ~              AWS/RDS DBInstanceIdentifier CPUUtilization FreeStorageSpace
    aws_db_instance      /identifier    ~              AWS/RDS DBInstanceIdentifier FreeableMemory DatabaseConnections
";

pub fn all(joined: &Joined<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    for line in WATCHED.lines() {
        let [kind, argument, condition, namespace, dimension, metrics @ ..] =
            &line.split_whitespace().collect::<Vec<_>>()[..]
        else {
            continue;
        };
        let (is_end, end) = condition.split_at(1);
        for (plan, resource) in joined.all(kind) {
            let name = resource.text(argument);
            if name.ends_with(end) != (is_end == "~") {
                continue;
            }
            outcome.seen += 1;
            for metric in metrics.iter().filter(|metric| !has_alarm(plan, namespace, dimension, name, metric)) {
                outcome.add(plan, resource, format!("no alarm on its metric {metric}"));
            }
        }
    }
    outcome
}

/// Whether an alarm uses the metric, by itself or in an expression.
fn has_alarm(plan: &Plan, namespace: &str, dimension: &str, name: &str, metric: &str) -> bool {
    let (metric, statistic) = metric.split_once(':').unwrap_or((metric, ""));
    plan.all("aws_cloudwatch_metric_alarm").any(|alarm| {
        let queries = alarm.at("/metric_query").as_array().into_iter().flatten();
        let in_expression = queries.filter_map(|query| query.pointer("/metric/0"));
        std::iter::once(&alarm.values).chain(in_expression).any(|one| {
            one["namespace"] == namespace
                && one["metric_name"] == metric
                && one["dimensions"][dimension] == name
                && (statistic.is_empty() || one["extended_statistic"] == statistic || one["stat"] == statistic)
        })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::tests::findings, *};

    #[test]
    fn a_metric_needs_an_alarm_by_itself_or_in_an_expression() {
        let metric = |name: &str| {
            let dimensions = json!({ "QueueName": name });
            json!({ "namespace": "AWS/SQS", "metric_name": "ApproximateAgeOfOldestMessage", "dimensions": dimensions })
        };
        let with = |alarm| {
            let queue = ("q", "aws_sqs_queue", json!({ "name": "inbox" }));
            findings(all, &[queue, ("a", "aws_cloudwatch_metric_alarm", alarm)])
        };
        assert!(with(metric("inbox")).is_empty());
        assert!(with(json!({ "metric_query": [{ "metric": [metric("inbox")] }] })).is_empty());
        assert_eq!(with(metric("outbox")), ["order q: no alarm on its metric ApproximateAgeOfOldestMessage"]);
    }
}
