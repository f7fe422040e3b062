# Blue/green releases: new tasks start beside the old ones and get part of the traffic, then all of it. Traffic moves back
# when one of the alarms fires.

resource "aws_codedeploy_app" "this" {
  count = var.emulator ? 0 : 1

  name             = var.name
  compute_platform = "ECS"
}

resource "aws_codedeploy_deployment_group" "this" {
  count = var.emulator ? 0 : 1

  app_name               = aws_codedeploy_app.this[0].name
  deployment_group_name  = "live"
  service_role_arn       = aws_iam_role.deployment.arn
  deployment_config_name = var.deployment_config

  deployment_style {
    deployment_option = "WITH_TRAFFIC_CONTROL"
    deployment_type   = "BLUE_GREEN"
  }

  blue_green_deployment_config {
    deployment_ready_option {
      action_on_timeout = "CONTINUE_DEPLOYMENT"
    }
    terminate_blue_instances_on_deployment_success {
      action                           = "TERMINATE"
      termination_wait_time_in_minutes = var.blue_minutes
    }
  }

  ecs_service {
    cluster_name = var.cluster.name
    service_name = aws_ecs_service.this.name
  }

  load_balancer_info {
    target_group_pair_info {
      prod_traffic_route {
        listener_arns = [var.load_balancer.listener_arn]
      }
      target_group { name = aws_lb_target_group.this["blue"].name }
      target_group { name = aws_lb_target_group.this["green"].name }
    }
  }

  auto_rollback_configuration {
    enabled = true
    events  = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"]
  }

  alarm_configuration {
    enabled = true
    alarms  = [for alarm in ["errors", "p99-latency", "no-healthy-task"] : aws_cloudwatch_metric_alarm.targets[alarm].alarm_name]
  }
}

locals {
  service_arn = join(":", [
    "arn", data.aws_partition.current.partition, "ecs", data.aws_region.current.id,
    data.aws_caller_identity.current.account_id, "service/${var.cluster.name}/${var.name}",
  ])
  task_set_arns = join(":", [
    "arn", data.aws_partition.current.partition, "ecs", data.aws_region.current.id,
    data.aws_caller_identity.current.account_id, "task-set/${var.cluster.name}/${var.name}/*",
  ])

  deployment_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ChangeService"
        Effect   = "Allow"
        Action   = ["ecs:DescribeServices", "ecs:UpdateServicePrimaryTaskSet"]
        Resource = [local.service_arn]
      },
      {
        Sid       = "StartTasks"
        Effect    = "Allow"
        Action    = ["ecs:CreateTaskSet"]
        Resource  = ["*"] # task sets have no name before creation; the conditions limit the service
        Condition = { ArnEquals = { "ecs:cluster" = [var.cluster.arn], "ecs:service" = [local.service_arn] } }
      },
      {
        Sid      = "EndTasks"
        Effect   = "Allow"
        Action   = ["ecs:DeleteTaskSet"]
        Resource = [local.task_set_arns] # ECS generates the names of task sets
      },
      {
        Sid       = "HandOverRoles"
        Effect    = "Allow"
        Action    = ["iam:PassRole"]
        Resource  = [aws_iam_role.execution.arn, aws_iam_role.task.arn]
        Condition = { StringEquals = { "iam:PassedToService" = ["ecs-tasks.amazonaws.com"] } }
      },
      {
        Sid    = "SeeLoadBalancer"
        Effect = "Allow"
        Action = [
          "elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeRules",
          "elasticloadbalancing:DescribeTargetGroups",
        ]
        Resource = ["*"] # Describe actions of load balancers do not support resources
      },
      {
        # Only this service's rules, not the listener, which all services share.
        Sid      = "MoveTraffic"
        Effect   = "Allow"
        Action   = ["elasticloadbalancing:ModifyRule"]
        Resource = [for rule in aws_lb_listener_rule.this : rule.arn]
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
