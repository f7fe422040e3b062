mock_provider "aws" {
  source = "../../testing"
}

variables {
  name               = "shop-test-payment"
  description        = "Tests"
  artifact           = { bucket = "artifacts", key = "payment.zip", version = "v1" }
  memory_mb          = 256
  timeout_seconds    = 15
  environment        = { RUST_LOG = "info" }
  kms_key_arn        = "arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-4000-8000-000000000000"
  log_retention_days = 30
  alarm_topic_arn    = "arn:aws:sns:eu-central-1:111122223333:shop-test-alarms"
  p99_alarm_ms       = 5000
  statements = [{
    Sid      = "UseTable"
    Effect   = "Allow"
    Action   = ["dynamodb:GetItem"]
    Resource = ["arn:aws:dynamodb:eu-central-1:111122223333:table/shop-test-payment"]
  }]
  queue = {
    arn                        = "arn:aws:sqs:eu-central-1:111122223333:shop-test-payment-inbox"
    visibility_timeout_seconds = 90
    batch_size                 = 10
    maximum_concurrency        = 10
  }
}

run "the_log_has_retention_and_encryption_and_traces_are_on" {
  command = apply

  assert {
    condition     = aws_cloudwatch_log_group.this.retention_in_days == 30 && aws_cloudwatch_log_group.this.kms_key_id == var.kms_key_arn
    error_message = "The log group must have a retention and a key."
  }

  assert {
    condition     = aws_lambda_function.this.logging_config[0].log_group == aws_cloudwatch_log_group.this.name
    error_message = "The function must log to its log group."
  }

  assert {
    condition     = aws_lambda_function.this.tracing_config[0].mode == "Active" && aws_lambda_function.this.architectures == tolist(["arm64"])
    error_message = "The function must be traced and run on arm64."
  }
}

run "messages_invoke_the_alias_and_fail_individually" {
  command = apply

  assert {
    condition = (
      aws_lambda_event_source_mapping.queue[0].function_name == aws_lambda_alias.live.arn
      && aws_lambda_event_source_mapping.queue[0].function_response_types == toset(["ReportBatchItemFailures"])
      && aws_lambda_event_source_mapping.queue[0].scaling_config[0].maximum_concurrency == 10
    )
    error_message = "The mapping must invoke the alias and report batch item failures."
  }

  assert {
    condition     = length(aws_lambda_event_source_mapping.stream) == 0 && length(aws_sqs_queue.failures) == 0
    error_message = "There must be no stream mapping by default."
  }
}

run "stream_records_are_retried_until_they_are_23_hours_old_and_then_reported" {
  command = apply

  variables {
    queue  = null
    stream = { arn = "arn:aws:dynamodb:eu-central-1:111122223333:table/t/stream/2026-01-01T00:00:00.000", table_arn = "arn:aws:dynamodb:eu-central-1:111122223333:table/t", batch_size = 100 }
  }

  assert {
    condition = (
      aws_lambda_event_source_mapping.stream[0].bisect_batch_on_function_error
      && aws_lambda_event_source_mapping.stream[0].maximum_retry_attempts == -1
      && aws_lambda_event_source_mapping.stream[0].maximum_record_age_in_seconds == 82800
      && aws_lambda_event_source_mapping.stream[0].function_response_types == toset(["ReportBatchItemFailures"])
      && aws_lambda_event_source_mapping.stream[0].destination_config[0].on_failure[0].destination_arn == aws_sqs_queue.failures[0].arn
    )
    error_message = "Records must be retried until they are 23 hours old and then be reported."
  }

  assert {
    condition     = aws_lambda_function.this.environment[0].variables["FAILURES_QUEUE_URL"] == aws_sqs_queue.failures[0].url
    error_message = "The function must know its failure queue, to which it sends what can never be published."
  }

  assert {
    condition     = jsondecode(one(one(aws_lambda_event_source_mapping.stream[0].filter_criteria).filter).pattern) == { dynamodb = { NewImage = { event = { S = [{ exists = true }] } } } }
    error_message = "The stream filter must match exactly the outbox items."
  }

  assert {
    condition     = aws_sqs_queue.failures[0].message_retention_seconds == 1209600 && aws_sqs_queue.failures[0].kms_master_key_id == var.kms_key_arn
    error_message = "Discarded records must be kept for 14 days and encrypted."
  }

  assert {
    condition     = length(output.alarms) == 5 && alltrue([for actions in values(output.alarms) : toset(actions) == toset([var.alarm_topic_arn])])
    error_message = "Every alarm must exist and have an action."
  }
}

run "a_release_is_rolled_back_on_alarms" {
  command = apply

  assert {
    condition = (
      aws_codedeploy_deployment_group.this[0].alarm_configuration[0].enabled
      && aws_codedeploy_deployment_group.this[0].alarm_configuration[0].alarms == toset(["shop-test-payment-errors", "shop-test-payment-p99-duration"])
      && contains(aws_codedeploy_deployment_group.this[0].auto_rollback_configuration[0].events, "DEPLOYMENT_STOP_ON_ALARM")
    )
    error_message = "Releases must be rolled back on failure and on alarms."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(output.deployment_policy).Statement :
      alltrue([for action in statement.Action : !strcontains(action, "*")]) && (!contains(statement.Resource, "*") || statement.Sid == "WatchAlarms")
    ])
    error_message = "CodeDeploy must be limited to releases of this function."
  }
}

run "a_short_visibility_timeout_is_rejected" {
  command = plan

  variables {
    timeout_seconds = 16
  }

  expect_failures = [aws_lambda_function.this]
}

run "concurrency_below_that_of_the_queue_is_rejected" {
  command = plan

  variables {
    reserved_concurrency = 9
  }

  expect_failures = [aws_lambda_function.this]
}

run "an_object_without_a_version_is_rejected" {
  command = plan

  variables {
    artifact = { bucket = "artifacts", key = "payment.zip" }
  }

  expect_failures = [var.artifact]
}

run "an_artifact_is_either_an_object_or_a_file" {
  command = plan

  variables {
    artifact = {}
  }

  expect_failures = [var.artifact]
}

run "a_later_apply_does_not_bring_back_old_code" {
  command = apply

  variables {
    artifact = { bucket = "artifacts", key = "payment.zip", version = "v2" }
  }

  assert {
    condition     = aws_lambda_function.this.s3_object_version == "v1"
    error_message = "Terraform must ignore the code that releases deploy."
  }
}
