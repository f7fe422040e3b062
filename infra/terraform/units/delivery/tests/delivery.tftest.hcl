# Offline tests with a mocked provider and mocked platform parameters.

mock_provider "aws" {
  source = "../../testing"
}

override_resource {
  target = aws_iam_openid_connect_provider.github[0]
  values = { arn = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }
}

override_data {
  target = data.aws_iam_openid_connect_provider.github[0]
  values = { arn = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }
}

variables {
  environment = "test"
  repository  = "example/shop"
}

run "a_role_trusts_one_kind_of_run_of_one_repository" {
  command = apply

  assert {
    condition = { for role, trust in output.role_trust : role => one(jsondecode(trust).Statement).Condition } == {
      plan = { StringEquals = {
        "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
        "token.actions.githubusercontent.com:sub" = "repo:example/shop:pull_request"
      } }
      deploy = { StringEquals = {
        "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
        "token.actions.githubusercontent.com:sub" = "repo:example/shop:environment:test"
      } }
    }
    error_message = "A role must trust only its own kind of run."
  }

  assert {
    condition     = alltrue([for trust in values(output.role_trust) : one(jsondecode(trust).Statement).Principal == { Federated = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }])
    error_message = "Roles must trust only GitHub."
  }
}

run "a_second_environment_uses_the_existing_provider" {
  command = apply

  variables {
    identity_provider_exists = true
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0
    error_message = "No second identity provider of the same name can be created."
  }
}

run "a_pull_request_reads_configuration_but_no_data" {
  command = apply

  assert {
    condition = alltrue(flatten([for statement in jsondecode(output.role_policies.plan).Statement : [
      for action in statement.Action : can(regex("^[a-z0-9-]+:(Describe|Get|List|View|GET)", action)) || (action == "kms:Decrypt" && can(statement.Condition.StringEquals["kms:ViaService"]))
    ]]))
    error_message = "The role `plan` must be read-only."
  }

  assert {
    condition = length(setintersection(
      flatten([for statement in jsondecode(output.role_policies.plan).Statement : statement.Action]),
      [
        "dynamodb:GetItem", "dynamodb:GetRecords", "kms:GetPublicKey", "logs:GetLogEvents", "rds:DownloadDBLogFilePortion",
        "s3:GetObjectVersion", "secretsmanager:GetSecretValue", "sqs:ReceiveMessage",
      ],
    )) == 0
    error_message = "The role `plan` must not read data."
  }

  assert {
    condition = one([for statement in jsondecode(output.role_policies.plan).Statement : statement.Resource if contains(statement.Action, "s3:GetObject")]) == [
      for unit in sort(distinct(concat(
        ["delivery", "platform"],
        [for function in jsondecode(file("../../../topology.json")).functions : function.binary if function.trigger.kind != "stream"],
        jsondecode(file("../../../topology.json")).services[*].name,
      ))) :
      "arn:aws:s3:::shop-terraform-state-111122223333/shop/test/${unit}.tfstate"
    ]
    error_message = "The role `plan` must read only states without secrets."
  }
}

run "the_deploy_role_covers_all_released_parts" {
  command = apply

  assert {
    condition = one([for statement in jsondecode(output.role_policies.deploy).Statement : statement.Resource if statement.Sid == "ReleaseAndLook"]) == [
      for part in concat(jsondecode(file("../../../topology.json")).functions[*].name, jsondecode(file("../../../topology.json")).services[*].name) :
      "arn:aws:codedeploy:eu-central-1:111122223333:deploymentgroup:shop-test-${part}/live"
    ]
    error_message = "The deployment groups must be those of the topology."
  }

  assert {
    condition = toset(one([for statement in jsondecode(output.role_policies.deploy).Statement : statement.Resource if contains(statement.Action, "iam:PassRole")])) == toset([
      "arn:aws:iam::111122223333:role/shop-test-order-execution", "arn:aws:iam::111122223333:role/shop-test-order-task",
      "arn:aws:iam::111122223333:role/shop-test-product-execution", "arn:aws:iam::111122223333:role/shop-test-product-task",
    ])
    error_message = "A release must pass only the roles of tasks."
  }
}

run "a_repository_with_wildcards_is_rejected" {
  command = plan

  variables {
    repository = "example/*"
  }

  expect_failures = [var.repository]
}
