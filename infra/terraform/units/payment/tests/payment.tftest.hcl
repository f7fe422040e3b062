# Offline tests with a mocked provider. Rules for all root modules are in `cargo checks`.

mock_provider "aws" {
  source = "../../testing"
}

variables {
  environment                = "test"
  log_retention_days         = 30
  deletion_protection        = true
  artifact                   = { key = "payment.zip", version = "v1" }
  relay_artifact             = { key = "outbox-relay.zip", version = "v1" }
  function_deployment_config = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
}

run "only_the_function_reads_the_processor_key" {
  command = apply

  assert {
    condition = [for statement in jsondecode(output.role_policies["payment"]).Statement : statement.Resource if contains(statement.Action, "secretsmanager:GetSecretValue")] == [
      [aws_secretsmanager_secret.processor_key.arn],
    ]
    error_message = "The function must read the processor's key and no other secret."
  }

  assert {
    condition     = !strcontains(output.role_policies["payment-outbox-relay"], "secretsmanager")
    error_message = "The relay must not read secrets."
  }
}

run "messages_are_postponed_and_rejected_by_the_function" {
  command = apply

  assert {
    condition = {
      for statement in jsondecode(output.role_policies["payment"]).Statement : statement.Sid => statement.Resource
      if contains(["PostponeMessages", "RejectMessages"], statement.Sid)
    } == { PostponeMessages = [module.inbox.arn], RejectMessages = [module.inbox.dead_letter_arn] }
    error_message = "The function must set the visibility of its messages, and write its dead-letter queue."
  }
}

# 25 requests per second and endpoint, 1.2 s per message: the formula in the service's README.
run "messages_in_flight_keep_the_processors_rate_limit" {
  command = plan

  assert {
    condition     = local.function.trigger.batch_size * local.function.trigger.maximum_concurrency <= 25 * 1.2
    error_message = "More messages in flight than the processor's rate limit allows."
  }
}

run "expressions_name_their_metrics" {
  command = apply

  assert {
    condition = alltrue([
      for name, alarm in local.outcome_alarms : setsubtract(regexall("[a-z]+", alarm.expression), ["sent"]) == toset(alarm.metrics)
    ])
    error_message = "An expression must use exactly the metrics of its alarm."
  }
}

# Alarms are based on the text of log lines: a message, field or value that is renamed would silence them.
run "metric_filters_match_what_the_function_logs" {
  command = apply

  assert {
    condition = alltrue([
      for filter in concat(values(aws_cloudwatch_log_metric_filter.outcomes), [aws_cloudwatch_log_metric_filter.pending_voids]) : strcontains(
        file("../../../../services/payment/src/events/${regex("payment::events::([a-z]+)", filter.pattern)[0]}.rs"),
        "\"${regex("message = \"([a-z, ]+)\"", filter.pattern)[0]}\"",
      )
    ])
    error_message = "The module that is the target of a filter does not log its message."
  }

  assert {
    condition = alltrue(flatten([
      for filter in concat(values(aws_cloudwatch_log_metric_filter.outcomes), [aws_cloudwatch_log_metric_filter.pending_voids]) : [
        for field in regexall("[$][.]([a-z_]+)", "${filter.pattern} ${filter.metric_transformation[0].value}") :
        contains(["message", "target"], field[0]) || can(regex("tracing::[a-z]+!\\([^;]*\\b${field[0]}\\b", file("../../../../services/payment/src/events/${regex("payment::events::([a-z]+)", filter.pattern)[0]}.rs")))
      ]
    ]))
    error_message = "The module that is the target of a filter does not log one of its fields."
  }

  assert {
    condition = alltrue(flatten([
      for filter in aws_cloudwatch_log_metric_filter.outcomes : [
        for value in regexall("state = \"([a-z_]+)\"", filter.pattern) : strcontains(file("../../../../services/payment/src/domain/payment.rs"), "=> \"${value[0]}\"")
      ]
    ]))
    error_message = "No state has the name in a filter."
  }
}
