# Canary releases. A deployment, created by infra/deploy/release, names the live version and the target version.
# CodeDeploy moves the alias in steps, and back when one of the alarms fires.

resource "aws_codedeploy_app" "this" {
  count = var.emulator ? 0 : 1

  name             = var.name
  compute_platform = "Lambda"
}

resource "aws_codedeploy_deployment_group" "this" {
  count = var.emulator ? 0 : 1

  app_name               = aws_codedeploy_app.this[0].name
  deployment_group_name  = local.alias
  service_role_arn       = aws_iam_role.deployment.arn
  deployment_config_name = var.deployment_config

  deployment_style {
    deployment_option = "WITH_TRAFFIC_CONTROL"
    deployment_type   = "BLUE_GREEN"
  }

  auto_rollback_configuration {
    enabled = true
    events  = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"]
  }

  alarm_configuration {
    enabled = true
    alarms  = [aws_cloudwatch_metric_alarm.errors.alarm_name, aws_cloudwatch_metric_alarm.duration.alarm_name]
  }
}

resource "aws_iam_role" "deployment" {
  name                 = "${var.name}-deployment"
  description          = "Releases ${var.name} with CodeDeploy"
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "codedeploy.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "deployment" {
  name   = "release"
  role   = aws_iam_role.deployment.id
  policy = local.deployment_policy
}

locals {
  deployment_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "MoveAlias"
        Effect   = "Allow"
        Action   = ["lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"]
        Resource = [local.arn, "${local.arn}:${local.alias}"] # calls on the alias are authorized on the function
      },
      {
        Sid      = "WatchAlarms"
        Effect   = "Allow"
        Action   = ["cloudwatch:DescribeAlarms"]
        Resource = ["*"] # DescribeAlarms on composite alarms requires all resources
      },
    ]
  })
}
