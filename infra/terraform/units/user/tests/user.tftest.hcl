# Offline: the provider is a mock. What is true of every unit is not tested here, but by the rules of `cargo checks`.

mock_provider "aws" {
  source = "../../testing"
}

variables {
  environment                = "test"
  log_retention_days         = 30
  deletion_protection        = true
  artifact                   = { key = "user.zip", version = "v1" }
  relay_artifact             = { key = "outbox-relay.zip", version = "v1" }
  function_deployment_config = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
}

run "at_first_only_what_needs_no_token" {
  command = apply

  variables {
    issuer_answers = false
  }

  assert {
    condition     = length(module.routes.routes) > 0 && alltrue([for scopes in values(module.routes.routes) : scopes == null])
    error_message = "There is a route that needs an authoriser, which cannot be made before the issuer answers."
  }
}

run "only_user_signs_and_only_tokens" {
  command = apply

  assert {
    condition = [for statement in jsondecode(output.role_policies["user"]).Statement : statement.Condition.StringEquals if contains(statement.Action, "kms:Sign")] == [
      { "kms:SigningAlgorithm" = ["RSASSA_PKCS1_V1_5_SHA_256"] },
    ]
    error_message = "user may sign in other ways than its tokens need."
  }

  assert {
    condition     = !strcontains(output.role_policies["user-outbox-relay"], aws_kms_key.signing.arn)
    error_message = "The relay may use the key that signs tokens."
  }

  assert {
    condition     = aws_kms_key.signing.key_usage == "SIGN_VERIFY" && aws_kms_key.signing.customer_master_key_spec == "RSA_2048"
    error_message = "API Gateway takes RSA keys only."
  }
}
