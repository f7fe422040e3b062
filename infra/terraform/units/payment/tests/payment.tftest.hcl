# Offline: the provider is a mock. What is true of every unit is not tested here, but by the rules of `cargo checks`.

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

run "the_processors_key_is_read_by_the_function_alone" {
  command = apply

  assert {
    condition = [for statement in jsondecode(output.role_policies["payment"]).Statement : statement.Resource if contains(statement.Action, "secretsmanager:GetSecretValue")] == [
      [aws_secretsmanager_secret.processor_key.arn],
    ]
    error_message = "The function cannot read the processor's key, or reads other secrets, too."
  }

  assert {
    condition     = !strcontains(output.role_policies["payment-outbox-relay"], "secretsmanager")
    error_message = "The relay may read secrets."
  }
}
