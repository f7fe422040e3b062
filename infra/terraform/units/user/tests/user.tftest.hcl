# Offline tests with a mocked provider. Rules for all root modules are in `cargo checks`.

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

run "the_first_apply_has_only_public_routes" {
  command = apply

  variables {
    issuer_answers = false
  }

  assert {
    condition     = length(module.routes.routes) > 0 && alltrue([for scopes in values(module.routes.routes) : scopes == null])
    error_message = "The first apply must have no route with an authorizer, which cannot be created before the issuer responds."
  }
}

run "only_user_can_sign_and_only_tokens" {
  command = apply

  assert {
    condition = [for statement in jsondecode(output.role_policies["user"]).Statement : statement.Condition.StringEquals if contains(statement.Action, "kms:Sign")] == [
      { "kms:SigningAlgorithm" = ["RSASSA_PKCS1_V1_5_SHA_256"] },
    ]
    error_message = "user must sign only with the algorithm of its tokens."
  }

  assert {
    condition     = !strcontains(output.role_policies["user-outbox-relay"], aws_kms_key.signing.arn)
    error_message = "The relay must not use the signing key."
  }

  assert {
    condition     = aws_kms_key.signing.key_usage == "SIGN_VERIFY" && aws_kms_key.signing.customer_master_key_spec == "RSA_2048"
    error_message = "The key must be RSA, the only type that API Gateway supports."
  }
}
