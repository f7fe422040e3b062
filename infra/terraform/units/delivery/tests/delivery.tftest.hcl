# Offline: the provider is a mock, and so is what the platform says.

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

run "a_role_is_for_one_kind_of_run_of_one_repository" {
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
    error_message = "A role can be taken by others than it is for."
  }

  assert {
    condition     = alltrue([for trust in values(output.role_trust) : one(jsondecode(trust).Statement).Principal == { Federated = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }])
    error_message = "A role trusts somebody beside GitHub."
  }
}

run "a_second_environment_takes_the_accounts_provider" {
  command = apply

  variables {
    identity_provider_exists = true
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0
    error_message = "AWS refuses a second provider of the same name."
  }
}

run "a_pull_request_reads_configuration_and_no_data" {
  command = apply

  assert {
    condition = alltrue(flatten([for statement in jsondecode(output.role_policies.plan).Statement : [
      for action in statement.Action : can(regex("^[a-z0-9-]+:(Describe|Get|List|View|GET)", action)) || (action == "kms:Decrypt" && can(statement.Condition.StringEquals["kms:ViaService"]))
    ]]))
    error_message = "The role of plans may do more than look."
  }

  assert {
    condition = length(setintersection(
      flatten([for statement in jsondecode(output.role_policies.plan).Statement : statement.Action]),
      [
        "dynamodb:GetItem", "dynamodb:GetRecords", "kms:GetPublicKey", "logs:GetLogEvents", "rds:DownloadDBLogFilePortion",
        "s3:GetObjectVersion", "secretsmanager:GetSecretValue", "sqs:ReceiveMessage",
      ],
    )) == 0
    error_message = "The role of plans may read data."
  }

  assert {
    condition = one([for statement in jsondecode(output.role_policies.plan).Statement : statement.Resource if contains(statement.Action, "s3:GetObject")]) == [
      for unit in ["delivery", "notification", "order", "payment", "platform", "product", "user"] :
      "arn:aws:s3:::shop-terraform-state-111122223333/shop/test/${unit}.tfstate"
    ]
    error_message = "The role of plans reads other objects than the states without a secret."
  }
}

run "a_release_reaches_everything_that_is_released" {
  command = apply

  assert {
    condition = one([for statement in jsondecode(output.role_policies.deploy).Statement : statement.Resource if statement.Sid == "ReleaseAndLook"]) == [
      for part in concat(jsondecode(file("../../../topology.json")).functions[*].name, jsondecode(file("../../../topology.json")).services[*].name) :
      "arn:aws:codedeploy:eu-central-1:111122223333:deploymentgroup:shop-test-${part}/live"
    ]
    error_message = "Other deployment groups than those of the topology."
  }

  assert {
    condition = toset(one([for statement in jsondecode(output.role_policies.deploy).Statement : statement.Resource if contains(statement.Action, "iam:PassRole")])) == toset([
      "arn:aws:iam::111122223333:role/shop-test-order-execution", "arn:aws:iam::111122223333:role/shop-test-order-task",
      "arn:aws:iam::111122223333:role/shop-test-product-execution", "arn:aws:iam::111122223333:role/shop-test-product-task",
    ])
    error_message = "A release may hand over other roles than those of tasks."
  }
}

run "a_repository_is_named_without_wildcards" {
  command = plan

  variables {
    repository = "example/*"
  }

  expect_failures = [var.repository]
}
