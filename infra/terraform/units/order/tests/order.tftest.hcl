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
