# A service on Fargate behind the internal load balancer: task definition, target groups, rule, service.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  # What runs as nobody, writes nowhere but where it is told to, and has time to finish what it has begun.
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
        "mode"                  = "non-blocking" # a slow log must not stop a sale
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

    # So it ends first, and its last spans still find the collector.
    dependsOn = [for collector in var.collector[*] : { containerName = "collector", condition = "START" }]
  })

  # Containers of a task share their loopback.
  collector_endpoint = { for name, collector in { OTEL_EXPORTER_OTLP_ENDPOINT = var.collector } : name => "http://127.0.0.1:4318" if collector != null }

  collector_containers = [for collector in var.collector[*] : merge(local.hardened, {
    name             = "collector"
    image            = collector.image
    essential        = false # the service works without being watched
    logConfiguration = local.log.collector
    environment = [
      { name = "AOT_CONFIG_CONTENT", value = coalesce(collector.configuration, file("${path.module}/collector.yaml")) },
      { name = "AWS_REGION", value = data.aws_region.current.id },
    ]
  })]

  # ECS fills in defaults and orders keys its own way; the provider compares what matters.
  container_definitions = concat([local.service_container], local.collector_containers)
}

resource "aws_cloudwatch_log_group" "this" {
  # checkov:skip=CKV_AWS_338: kept as long as the profile says; what matters for longer is in stores and metrics
  name              = "/shop/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

# The image that the service began with. Releases bring the later ones: they register revisions of their own, each the
# newest one with another image (infra/deploy). So an apply needs no digest after the first time and brings no old image
# back; what it changes is in a new revision, which the next release takes up.
resource "terraform_data" "first_image" {
  input = var.image_digest

  lifecycle {
    ignore_changes = [input]

    postcondition {
      condition     = self.input != null
      error_message = "The first apply needs an image that is in the repository: give image_digest (infra/deploy/release push prints it)."
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

  # A rollback needs the definition that ran before.
  skip_destroy = true
}

# Blue and green: CodeDeploy starts new tasks in the one that is idle, and then moves the rule.
resource "aws_lb_target_group" "this" {
  # checkov:skip=CKV_AWS_378: TLS ends at the load balancer; behind it is our network, and one security group that lets in another
  for_each = toset(["blue", "green"])

  name                 = "${var.name}-${each.key}"
  vpc_id               = var.vpc_id
  target_type          = "ip"
  protocol             = "HTTP"
  port                 = var.port
  deregistration_delay = 30 # the API waits for 29 s; a task then has 60 s for what is under way

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
  # Chunks by position: a new path changes a rule in place, and makes a new one only beyond five.
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
    ignore_changes = [action] # CodeDeploy moves it
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
    # Terraform makes the service once. Afterwards CodeDeploy changes tasks and target groups, and autoscaling their number.
    ignore_changes = [desired_count, load_balancer, task_definition]
  }

  # ECS refuses a target group that no listener leads to.
  depends_on = [aws_iam_role_policy.execution, aws_iam_role_policy.task, aws_lb_listener_rule.this]
}
