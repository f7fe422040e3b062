mock_provider "aws" {
  source = "../../testing"
}

variables {
  name               = "shop-test-order-outbox-relay"
  artifact           = { bucket = "artifacts", key = "outbox-relay.zip", version = "v1" }
  memory_mb          = 256
  timeout_seconds    = 30
  batch_size         = 100
  table_arn          = "arn:aws:dynamodb:eu-central-1:111122223333:table/shop-test-order"
  stream_arn         = "arn:aws:dynamodb:eu-central-1:111122223333:table/shop-test-order/stream/2026-01-01T00:00:00.000"
  topic_arn          = "arn:aws:sns:eu-central-1:111122223333:shop-test-order-events"
  kms_key_arn        = "arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-4000-8000-000000000000"
  log_retention_days = 30
  log_level          = "info"
  alarm_topic_arn    = "arn:aws:sns:eu-central-1:111122223333:shop-test-alarms"
  deployment_config  = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
}

run "the_role_publishes_to_the_topic_of_the_table_only" {
  command = apply

  assert {
    condition = toset(flatten([
      for statement in jsondecode(output.policy).Statement : statement.Resource
      if anytrue([for action in statement.Action : startswith(action, "sns:")])
    ])) == toset([var.topic_arn])
    error_message = "The role must be allowed to publish to its own topic and to no other."
  }
}
