# Fargate service behind the internal load balancer: task definition, target groups, listener rules, service.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  # Unprivileged user, read-only root, and time for a graceful shutdown.
  hardened = {
    essential              = true
    user                   = "65532:65532"
    privileged             = false
    readonlyRootFilesystem = true
    linuxParameters        = { capabilities = { drop = ["ALL"] } }
    stopTimeout            = 60
  }

  log = {
    for container in ["service", "collector"] : container => {
      logDriver = "awslogs"
      options = {
        "awslogs-group"         = aws_cloudwatch_log_group.this.name
        "awslogs-region"        = data.aws_region.current.id
        "awslogs-stream-prefix" = container
        "mode"                  = "non-blocking" # a slow log must not block requests
        "max-buffer-size"       = "4m"
      }
    }
  }

  service_container = merge(local.hardened, {
    name             = "service"
    image            = "${var.repository_url}@${terraform_data.first_image.output}"
    portMappings     = [{ containerPort = var.port, protocol = "tcp" }]
    environment      = [for name, value in merge(var.environment, local.collector_endpoint) : { name = name, value = value }]
    secrets          = [for name, arn in var.secrets : { name = name, valueFrom = arn }]
    logConfiguration = local.log.service

    # The service stops before the collector, which receives its last spans.
    dependsOn = [for collector in var.collector[*] : { containerName = "collector", condition = "START" }]
  })

  # Containers of a task share the loopback interface.
  collector_endpoint = { for name, collector in { OTEL_EXPORTER_OTLP_ENDPOINT = var.collector } : name => "http://127.0.0.1:4318" if collector != null }

  collector_containers = [for collector in var.collector[*] : merge(local.hardened, {
    name             = "collector"
    image            = collector.image
    essential        = false # the service works without traces
    logConfiguration = local.log.collector
    environment = [
      { name = "AOT_CONFIG_CONTENT", value = coalesce(collector.configuration, file("${path.module}/collector.yaml")) },
      { name = "AWS_REGION", value = data.aws_region.current.id },
    ]
  })]

  # ECS adds defaults and reorders keys. The provider ignores such differences.
  container_definitions = concat([local.service_container], local.collector_containers)
}

resource "aws_cloudwatch_log_group" "this" {
  # checkov:skip=CKV_AWS_338: retention is set by the profile; long-term data is in stores and metrics
  name              = "/shop/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

# Image of the first apply. Releases deploy later images: each registers the latest revision again with another image
# (infra/deploy). Later applies therefore need no digest and never bring back an old image. Their changes are in a new
# revision, which the next release uses.
resource "terraform_data" "first_image" {
  input = var.image_digest

  lifecycle {
    ignore_changes = [input]

    postcondition {
      condition     = self.input != null
      error_message = "The first apply requires image_digest of an image in the repository. infra/deploy/release push prints it."
    }
  }
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory_mb
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn
  container_definitions    = jsonencode(local.container_definitions)

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "ARM64"
  }

  # A rollback needs the previous definition.
  skip_destroy = true
}

# Blue and green: CodeDeploy starts new tasks in the idle group and then changes the rule.
resource "aws_lb_target_group" "this" {
  # checkov:skip=CKV_AWS_378: TLS ends at the load balancer; behind it is the VPC, where security groups limit access
  for_each = toset(["blue", "green"])

  name                 = "${var.name}-${each.key}"
  vpc_id               = var.vpc_id
  target_type          = "ip"
  protocol             = "HTTP"
  port                 = var.port
  deregistration_delay = 30 # the API times out after 29 s; a stopping task has 60 s for requests in progress

  health_check {
    path                = var.health_check_path
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
}

resource "aws_lb_listener_rule" "this" {
  # Paths in groups of five by position: a new path changes a rule in place or adds one.
  for_each = { for position, patterns in chunklist(sort(var.path_patterns), 5) : position => patterns }

  listener_arn = var.load_balancer.listener_arn
  priority     = var.rule_priority + each.key

  condition {
    path_pattern {
      values = each.value
    }
  }

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this["blue"].arn
  }

  lifecycle {
    ignore_changes = [action] # changed by CodeDeploy
  }
}

resource "aws_ecs_service" "this" {
  name                              = var.name
  cluster                           = var.cluster.arn
  task_definition                   = aws_ecs_task_definition.this.arn
  launch_type                       = "FARGATE"
  desired_count                     = var.min_tasks
  health_check_grace_period_seconds = 30
  enable_ecs_managed_tags           = true
  propagate_tags                    = "SERVICE"

  deployment_controller {
    type = "CODE_DEPLOY"
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = var.security_group_ids
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.this["blue"].arn
    container_name   = local.service_container.name
    container_port   = var.port
  }

  lifecycle {
    # Terraform creates the service. CodeDeploy changes tasks and target groups, and autoscaling changes the task count.
    ignore_changes = [desired_count, load_balancer, task_definition]
  }

  # ECS rejects a target group without a listener.
  depends_on = [aws_iam_role_policy.execution, aws_iam_role_policy.task, aws_lb_listener_rule.this]
}
