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
