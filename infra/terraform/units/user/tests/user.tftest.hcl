# Offline: the provider is a mock, and what the platform would say is given here.

mock_provider "aws" {
  source = "../../testing"
}

override_data {
  target = data.aws_ssm_parameter.platform["alarm_topic_arn"]
  values = { insecure_value = "arn:aws:sns:eu-central-1:111122223333:shop-test-alarms" }
}

override_data {
  target = data.aws_ssm_parameter.platform["artifacts_bucket"]
  values = { insecure_value = "shop-test-artifacts" }
}

override_data {
  target = data.aws_ssm_parameter.platform["http_api_execution_arn"]
  values = { insecure_value = "arn:aws:execute-api:eu-central-1:111122223333:a1b2c3d4e5" }
}

override_data {
  target = data.aws_ssm_parameter.platform["http_api_id"]
  values = { insecure_value = "a1b2c3d4e5" }
}

override_data {
  target = data.aws_ssm_parameter.platform["http_api_url"]
  values = { insecure_value = "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com" }
}

override_data {
  target = data.aws_ssm_parameter.platform["kms_data_key_arn"]
  values = { insecure_value = "arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-4000-8000-000000000000" }
}

override_data {
  target = data.aws_ssm_parameter.platform["topic_arn_user-events"]
  values = { insecure_value = "arn:aws:sns:eu-central-1:111122223333:shop-test-user-events" }
}

override_data {
  target = data.aws_ssm_parameter.authorizer[0]
  values = { insecure_value = "auth01" }
}

variables {
  environment                = "test"
  log_retention_days         = 30
  deletion_protection        = true
  artifact                   = { key = "user.zip", version = "v1" }
  relay_artifact             = { key = "outbox-relay.zip", version = "v1" }
  function_deployment_config = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
}

run "roles_name_actions_and_resources" {
  command = apply

  assert {
    condition = alltrue(flatten([for policy in values(output.role_policies) : [
      for statement in jsondecode(policy).Statement : [for action in statement.Action : !strcontains(action, "*")]
    ]]))
    error_message = "An action is a wildcard."
  }

  assert {
    # Those for which AWS has no resource to name, each explained where it stands.
    condition = alltrue(flatten([for policy in values(output.role_policies) : [
      for statement in jsondecode(policy).Statement : !contains(statement.Resource, "*") || contains(["SendTraces"], statement.Sid)
    ]]))
    error_message = "A resource is a wildcard."
  }

  assert {
    # Parts of a name that AWS chooses: a log's streams, the streams of one table.
    condition = alltrue(flatten([for policy in values(output.role_policies) : [
      for statement in jsondecode(policy).Statement : [
        for resource in statement.Resource :
        resource == "*" || !strcontains(resource, "*") || endswith(resource, ":log-stream:*") || endswith(resource, "/stream/*")
      ]
    ]]))
    error_message = "A resource is named in part only."
  }

  assert {
    condition = alltrue(flatten([for policy in values(output.role_policies) : [
      for statement in jsondecode(policy).Statement : contains(keys(statement), "Condition")
      if anytrue([for action in statement.Action : startswith(action, "kms:") && !contains(["kms:GetPublicKey"], action)])
    ]]))
    error_message = "A key may be used beside the service that it is for."
  }
}

run "every_alarm_wakes_somebody" {
  command = apply

  assert {
    condition     = length(output.alarms) >= 9 && alltrue([for actions in values(output.alarms) : toset(actions) == toset(["arn:aws:sns:eu-central-1:111122223333:shop-test-alarms"])])
    error_message = "An alarm has no action."
  }
}

run "the_table_is_as_in_the_topology" {
  command = apply

  assert {
    condition     = module.table.name == "shop-test-${local.table.name}" && module.table.shape.stream == (local.table.topic != null)
    error_message = "Name or stream differ from the topology."
  }

  assert {
    condition     = { for index in module.table.shape.indexes : index.name => index } == { for index in local.table.indexes : index.name => index }
    error_message = "The indexes differ from the topology."
  }
}

run "the_function_is_as_in_the_topology" {
  command = apply

  assert {
    condition     = module.function.shape.memory_mb == local.function.memory_mb && module.function.shape.timeout_seconds == local.function.timeout_seconds
    error_message = "Memory or timeout differ from the topology."
  }

  assert {
    condition     = alltrue([for name in keys(module.function.shape.environment) : strcontains(file("../../../../services/user/README.md"), "`${name}`")])
    error_message = "The function is told a setting that its README does not list."
  }

  assert {
    condition     = length(setsubtract(["USER_TABLE", "TOKEN_SIGNING_KEY_ID", "TOKEN_ISSUER"], keys(module.function.shape.environment))) == 0
    error_message = "The function is not told a setting without which it does not start."
  }
}

run "the_relay_is_as_in_the_topology" {
  command = apply

  assert {
    condition = (
      module.relay.shape.memory_mb == local.relay.memory_mb
      && module.relay.shape.timeout_seconds == local.relay.timeout_seconds
      && module.relay.shape.trigger.kind == "stream"
      && module.relay.shape.trigger.batch_size == local.relay.trigger.batch_size
    )
    error_message = "The relay differs from the topology."
  }

  assert {
    condition     = module.relay.shape.environment.TOPIC_ARN == "arn:aws:sns:eu-central-1:111122223333:shop-test-${local.table.topic}"
    error_message = "The relay publishes on another topic than its table's."
  }

  assert {
    condition = toset(flatten([
      for statement in jsondecode(output.role_policies["user-outbox-relay"]).Statement : statement.Resource if contains(statement.Action, "sns:Publish")
    ])) == toset(["arn:aws:sns:eu-central-1:111122223333:shop-test-${local.table.topic}"])
    error_message = "The relay may publish on other topics than its table's."
  }
}

run "the_routes_are_as_in_the_topology" {
  command = apply

  assert {
    condition = module.routes.routes == {
      for route in jsondecode(file("../../../topology.json")).routes : route.route => try(sort(route.scopes), null) if route.target == "user"
    }
    error_message = "The routes, or who may take them, differ from the topology."
  }
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
