# Access from GitHub: an identity provider, and two roles that workflows assume without stored keys. `plan` (plan.tf)
# reads configuration, for pull requests. `deploy` (deploy.tf) releases build artifacts and changes nothing else. Neither
# can apply Terraform: see README.md, "Who applies".

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  account_id   = data.aws_caller_identity.current.account_id
  partition    = data.aws_partition.current.partition
  issuer       = "token.actions.githubusercontent.com"
  state_bucket = coalesce(var.state_bucket, "shop-terraform-state-${local.account_id}")

  # Subject of a workflow's token. It is compared in full, so no other branch, fork or repository matches.
  subjects = {
    plan   = "repo:${var.repository}:pull_request"
    deploy = "repo:${var.repository}:environment:${var.environment}"
  }

  provider_arn = var.identity_provider_exists ? one(data.aws_iam_openid_connect_provider.github[*].arn) : one(aws_iam_openid_connect_provider.github[*].arn)

  trust = {
    for role, subject in local.subjects : role => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Sid       = "GitHub"
        Effect    = "Allow"
        Principal = { Federated = local.provider_arn }
        Action    = "sts:AssumeRoleWithWebIdentity"
        Condition = {
          StringEquals = {
            "${local.issuer}:aud" = "sts.amazonaws.com"
            "${local.issuer}:sub" = subject
          }
        }
      }]
    })
  }

  policies = {
    for role, statements in { plan = local.plan_statements, deploy = local.deploy_statements } :
    role => jsonencode({ Version = "2012-10-17", Statement = [
      # IAM rejects statements with null values.
      for statement in statements : { for name, value in statement : name => value if value != null }
    ] })
  }
}

data "aws_iam_openid_connect_provider" "github" {
  count = var.identity_provider_exists ? 1 : 0

  url = "https://${local.issuer}"
}

# AWS knows the certificates of this provider, so no thumbprint is needed.
resource "aws_iam_openid_connect_provider" "github" {
  count = var.identity_provider_exists ? 0 : 1

  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "this" {
  for_each = local.subjects

  name                 = "${local.name_prefix}-${each.key}"
  description          = "For ${each.value}"
  assume_role_policy   = local.trust[each.key]
  max_session_duration = each.key == "deploy" ? 7200 : 3600 # a release waits until the old tasks have stopped
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "this" {
  for_each = aws_iam_role.this

  name   = "own-calls"
  role   = each.value.id
  policy = local.policies[each.key]
}
