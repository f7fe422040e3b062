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
