# Offline tests with a mocked provider. Rules for all root modules are in `cargo checks`.

mock_provider "aws" {
  source = "../../testing"
}

variables {
  environment                = "test"
  log_retention_days         = 30
  deletion_protection        = true
  image_digest               = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
  cpu                        = 512
  memory_mb                  = 1024
  min_tasks                  = 2
  max_tasks                  = 4
  service_deployment_config  = "CodeDeployDefault.ECSCanary10Percent5Minutes"
  blue_minutes               = 10
  relay_artifact             = { key = "outbox-relay.zip", version = "v1" }
  function_deployment_config = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
}

run "the_payment_deadline_is_shorter_than_the_reservation" {
  command = plan

  variables {
    payment_deadline_seconds = 900
  }

  expect_failures = [var.payment_deadline_seconds]
}

run "messages_are_rejected_to_the_dead_letter_queues" {
  command = apply

  assert {
    condition = [
      for statement in jsondecode(output.role_policies.order).Statement : sort(statement.Resource) if statement.Sid == "RejectMessages"
    ] == [sort([for queue in module.queues : queue.dead_letter_arn])]
    error_message = "The service must be able to write its dead-letter queues."
  }
}

run "expressions_name_their_metrics" {
  command = apply

  assert {
    condition = alltrue([
      for name, alarm in local.outcome_alarms : toset(regexall("[a-z_]+", alarm.expression)) == toset(alarm.metrics)
    ])
    error_message = "An expression must use exactly the metrics of its alarm."
  }
}

# Alarms are based on the text of log lines: a message, field or value that is renamed would silence them.
run "metric_filters_match_what_the_service_logs" {
  command = apply

  assert {
    condition = alltrue([
      for filter in concat(
        values(aws_cloudwatch_log_metric_filter.transient), values(aws_cloudwatch_log_metric_filter.outcomes),
        [aws_cloudwatch_log_metric_filter.unanswered, aws_cloudwatch_log_metric_filter.captures],
        ) : strcontains(
        file("../../../../services/${replace(replace(regex("target = \"([a-z:]+)\"", filter.pattern)[0], "/^([a-z]+)::/", "$1/src/"), "::", "/")}.rs"),
        "\"${regex("message = \"([a-z ]+)\"", filter.pattern)[0]}\"",
      )
    ])
    error_message = "The module that is the target of a filter does not log its message."
  }

  assert {
    condition = alltrue(flatten([
      for filter in concat(
        values(aws_cloudwatch_log_metric_filter.transient), values(aws_cloudwatch_log_metric_filter.outcomes),
        [aws_cloudwatch_log_metric_filter.unanswered, aws_cloudwatch_log_metric_filter.captures],
        ) : [
        for field in regexall("[$][.]([a-z_]+)", join(" ", concat([filter.pattern, filter.metric_transformation[0].value], values(coalesce(filter.metric_transformation[0].dimensions, {}))))) :
        contains(["message", "target"], field[0]) || can(regex("\\b${field[0]}\\b", file("../../../../services/${replace(replace(regex("target = \"([a-z:]+)\"", filter.pattern)[0], "/^([a-z]+)::/", "$1/src/"), "::", "/")}.rs")))
      ]
    ]))
    error_message = "The module that is the target of a filter does not log one of its fields."
  }

  assert {
    condition = alltrue(concat(
      flatten([for filter in aws_cloudwatch_log_metric_filter.outcomes : [for value in regexall("(?:cause|status) = \"([a-z_]+)\"", filter.pattern) :
        strcontains(join("", [for name in ["input", "order"] : file("../../../../services/order/src/domain/${name}.rs")]), "=> \"${value[0]}\"")
      ]]),
      [for owed in concat(keys(local.obligations), regex("owed = \"([a-z]+)\"", aws_cloudwatch_log_metric_filter.captures.pattern)) :
        strcontains(file("../../../../services/order/src/domain/owed.rs"), "=> \"${owed}\"")
      ],
    ))
    error_message = "A cause, a status or an obligation is not a value of the service."
  }
}
