//! Alarms: one for each metric that shows the failure of a planned resource, in the same root module.

use super::{Joined, Outcome};
use crate::planned::Plan;

const WATCHED: &str = include_str!("../../alarms.txt");

pub fn all(joined: &Joined<'_>, outcome: &mut Outcome) {
    for line in WATCHED.lines().filter(|line| !line.starts_with('#')) {
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
