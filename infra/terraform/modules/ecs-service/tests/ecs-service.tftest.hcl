mock_provider "aws" {
  source = "../../testing"
}

variables {
  name               = "shop-test-order"
  repository_url     = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/shop-test/order"
  image_digest       = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
  cpu                = 512
  memory_mb          = 1024
  environment        = { RUST_LOG = "info" }
  secrets            = { DATABASE_URL = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:url-AbCdEf" }
  cluster            = { arn = "arn:aws:ecs:eu-central-1:111122223333:cluster/shop-test", name = "shop-test" }
  vpc_id             = "vpc-0a000000000000001"
  subnet_ids         = ["subnet-0a000000000000001", "subnet-0a000000000000002"]
  security_group_ids = ["sg-0a000000000000001"]
  load_balancer = {
    listener_arn = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/shop-test/50dc6c495c0c9188/f2f7dc8efc522ab2"
    arn_suffix   = "app/shop-test/50dc6c495c0c9188"
  }
  path_patterns      = ["/v1/cart", "/v1/cart/items/*", "/v1/orders", "/v1/orders/*", "/v1/five", "/v1/six"]
  rule_priority      = 200
  health_check_path  = "/health/live"
  min_tasks          = 2
  max_tasks          = 6
  requests_target    = 3000
  blue_minutes       = 10
  kms_key_arn        = "arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-4000-8000-000000000000"
  log_retention_days = 30
  alarm_topic_arn    = "arn:aws:sns:eu-central-1:111122223333:shop-test-alarms"
  p99_alarm_seconds  = 1
  statements = [{
    Sid      = "UseTable"
    Effect   = "Allow"
    Action   = ["dynamodb:GetItem"]
    Resource = ["arn:aws:dynamodb:eu-central-1:111122223333:table/shop-test-order"]
  }]
  collector = {
    image         = "registry.example/collector@sha256:1111111111111111111111111111111111111111111111111111111111111111"
    configuration = "receivers: {}"
  }
}

run "the_first_apply_requires_an_image" {
  command = plan

  variables {
    image_digest = null
  }

  expect_failures = [terraform_data.first_image]
}

run "tasks_are_private_and_unprivileged" {
  command = apply

  assert {
    condition     = aws_ecs_service.this.network_configuration[0].assign_public_ip == false
    error_message = "Tasks must not have public addresses."
  }

  assert {
    condition = alltrue([
      for container in jsondecode(aws_ecs_task_definition.this.container_definitions) :
      container.readonlyRootFilesystem && container.user == "65532:65532" && !container.privileged
      && container.linuxParameters.capabilities.drop == ["ALL"] && container.stopTimeout == 60
    ])
    error_message = "Containers must run without root, write access and capabilities, and with a stop timeout."
  }

  assert {
    condition     = alltrue([for container in jsondecode(aws_ecs_task_definition.this.container_definitions) : can(regex("@sha256:[0-9a-f]{64}$", container.image))])
    error_message = "Images must be referenced by digest."
  }

  assert {
    condition     = [for container in jsondecode(aws_ecs_task_definition.this.container_definitions) : "${container.name} ${container.essential}"] == ["service true", "collector false"]
    error_message = "The collector must not be essential."
  }
}

run "the_collector_is_optional" {
  command = apply

  variables {
    collector = null
  }

  assert {
    condition     = [for container in output.containers : container.name] == ["service"]
    error_message = "There must be no collector by default."
  }

  assert {
    condition     = !strcontains(output.policies.task, "xray")
    error_message = "Without a collector, the service must not have X-Ray permissions."
  }
}

run "the_log_has_retention_and_encryption" {
  command = apply

  assert {
    condition     = aws_cloudwatch_log_group.this.retention_in_days == 30 && aws_cloudwatch_log_group.this.kms_key_id == var.kms_key_arn
    error_message = "The log group must have a retention and a key."
  }
}

run "rules_have_at_most_five_paths" {
  command = apply

  assert {
    condition     = toset(output.path_patterns) == toset(var.path_patterns) && [for rule in aws_lb_listener_rule.this : rule.priority] == [200, 201]
    error_message = "Every path must be in a rule, and a rule can have five at most."
  }
}

run "a_release_is_rolled_back_on_alarms" {
  command = apply

  assert {
    condition = (
      aws_codedeploy_deployment_group.this[0].alarm_configuration[0].enabled
      && length(aws_codedeploy_deployment_group.this[0].alarm_configuration[0].alarms) == 3
      && contains(aws_codedeploy_deployment_group.this[0].auto_rollback_configuration[0].events, "DEPLOYMENT_STOP_ON_ALARM")
    )
    error_message = "Releases must be rolled back on failure and on alarms."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(output.deployment_policy).Statement :
      alltrue([for action in statement.Action : !strcontains(action, "*")])
      && (!contains(statement.Resource, "*") || contains(["SeeLoadBalancer", "StartTasks", "WatchAlarms"], statement.Sid))
    ])
    error_message = "CodeDeploy must be limited to releases of this service."
  }

  assert {
    condition     = !strcontains(output.deployment_policy, var.load_balancer.listener_arn)
    error_message = "A release must not change the shared listener."
  }
}

run "only_the_execution_role_reads_secrets" {
  command = apply

  assert {
    condition     = strcontains(output.policies.execution, "secretsmanager:GetSecretValue") && !strcontains(output.policies.task, "secretsmanager")
    error_message = "Only the execution role may read secrets."
  }
}

run "every_alarm_has_an_action" {
  command = apply

  assert {
    condition     = length(output.alarms) == 4 && alltrue([for actions in values(output.alarms) : toset(actions) == toset([var.alarm_topic_arn])])
    error_message = "Every alarm must exist and have an action."
  }
}

run "an_image_tag_is_rejected" {
  command = plan

  variables {
    image_digest = "latest"
  }

  expect_failures = [var.image_digest]
}

run "a_later_apply_needs_no_digest_and_registers_no_revision" {
  command = apply

  variables {
    image_digest = null
  }

  assert {
    condition     = startswith(output.containers[0].image, "111122223333.dkr.ecr.eu-central-1.amazonaws.com/shop-test/order@sha256:0000")
    error_message = "The image of the first apply must be kept, otherwise each apply registers a revision."
  }
}
