# Offline: the provider is a mock, and what the platform would say is given here.

mock_provider "aws" {
  source = "../../testing"
}

override_data {
  target = data.aws_ssm_parameter.platform["alarm_topic_arn"]
  values = { insecure_value = "arn:aws:sns:eu-central-1:111122223333:shop-test-alarms" }
}

override_data {
  target = data.aws_ssm_parameter.platform["alb_arn_suffix"]
  values = { insecure_value = "app/shop-test/50dc6c495c0c9188" }
}

override_data {
  target = data.aws_ssm_parameter.platform["alb_listener_arn"]
  values = { insecure_value = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/shop-test/50dc6c495c0c9188/f2f7dc8efc522ab2" }
}

override_data {
  target = data.aws_ssm_parameter.platform["alb_server_name"]
  values = { insecure_value = "internal.test.shop.example" }
}

override_data {
  target = data.aws_ssm_parameter.platform["app_security_group_id"]
  values = { insecure_value = "sg-0a000000000000001" }
}

override_data {
  target = data.aws_ssm_parameter.platform["artifacts_bucket"]
  values = { insecure_value = "shop-test-artifacts" }
}

override_data {
  target = data.aws_ssm_parameter.platform["ecr_repository_url_order"]
  values = { insecure_value = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/shop-test/order" }
}

override_data {
  target = data.aws_ssm_parameter.platform["ecs_cluster_arn"]
  values = { insecure_value = "arn:aws:ecs:eu-central-1:111122223333:cluster/shop-test" }
}

override_data {
  target = data.aws_ssm_parameter.platform["ecs_cluster_name"]
  values = { insecure_value = "shop-test" }
}

override_data {
  target = data.aws_ssm_parameter.platform["http_api_authorizer_id"]
  values = { insecure_value = "auth01" }
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
  target = data.aws_ssm_parameter.platform["private_subnet_ids"]
  values = { insecure_value = "subnet-0a000000000000001,subnet-0a000000000000002,subnet-0a000000000000003" }
}

override_data {
  target = data.aws_ssm_parameter.platform["topic_arn_order-events"]
  values = { insecure_value = "arn:aws:sns:eu-central-1:111122223333:shop-test-order-events" }
}

override_data {
  target = data.aws_ssm_parameter.platform["topic_arn_payment-events"]
  values = { insecure_value = "arn:aws:sns:eu-central-1:111122223333:shop-test-payment-events" }
}

override_data {
  target = data.aws_ssm_parameter.platform["topic_arn_product-events"]
  values = { insecure_value = "arn:aws:sns:eu-central-1:111122223333:shop-test-product-events" }
}

override_data {
  target = data.aws_ssm_parameter.platform["topic_arn_user-events"]
  values = { insecure_value = "arn:aws:sns:eu-central-1:111122223333:shop-test-user-events" }
}

override_data {
  target = data.aws_ssm_parameter.platform["vpc_id"]
  values = { insecure_value = "vpc-0a000000000000001" }
}

override_data {
  target = data.aws_ssm_parameter.platform["vpc_link_id"]
  values = { insecure_value = "link01" }
}

variables {
  environment                = "test"
  log_retention_days         = 30
  deletion_protection        = true
  image_digest               = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
  cpu                        = 512
  memory_mb                  = 1024
  min_tasks                  = 2
  max_tasks                  = 4
  service_deployment_config  = "CodeDeployDefault.ECSCanary10Percent5Minutes"
  blue_minutes               = 10
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
      for statement in jsondecode(policy).Statement : !contains(statement.Resource, "*") || contains(["SendTraces", "SignInToEcr"], statement.Sid)
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
    condition     = length(output.alarms) >= 14 && alltrue([for actions in values(output.alarms) : toset(actions) == toset(["arn:aws:sns:eu-central-1:111122223333:shop-test-alarms"])])
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
      for statement in jsondecode(output.role_policies["order-outbox-relay"]).Statement : statement.Resource if contains(statement.Action, "sns:Publish")
    ])) == toset(["arn:aws:sns:eu-central-1:111122223333:shop-test-${local.table.topic}"])
    error_message = "The relay may publish on other topics than its table's."
  }
}

run "the_routes_are_as_in_the_topology" {
  command = apply

  assert {
    condition = module.routes.routes == {
      for route in jsondecode(file("../../../topology.json")).routes : route.route => try(sort(route.scopes), null) if route.target == "order"
    }
    error_message = "The routes, or who may take them, differ from the topology."
  }
}

run "the_service_is_reached_by_its_paths_only" {
  command = apply

  assert {
    condition     = toset(module.service.path_patterns) == toset(["/v1/cart", "/v1/cart/items/*", "/v1/orders", "/v1/orders/*"])
    error_message = "The load balancer sends other paths here than those of the topology."
  }
}

run "the_service_is_told_what_its_readme_lists" {
  command = apply

  assert {
    condition = alltrue([
      for setting in concat(module.service.containers[0].environment, module.service.containers[0].secrets) :
      strcontains(file("../../../../services/order/README.md"), "`${setting.name}`") || setting.name == "AWS_REGION"
    ])
    error_message = "The service is told a setting that its README does not list."
  }

  assert {
    condition = length(setsubtract(
      ["LISTEN_ADDR", "ORDER_TABLE", "ORDER_INBOX_URL", "ORDER_DEADLINES_URL", "TOKEN_ISSUER"],
      concat(module.service.containers[0].environment[*].name, module.service.containers[0].secrets[*].name),
    )) == 0
    error_message = "The service is not told a setting without which it does not start."
  }
}

run "the_queues_are_as_in_the_topology" {
  command = apply

  assert {
    condition = alltrue([
      for name, queue in local.queues :
      module.queues[name].filters == { for subscription in queue.subscriptions : subscription.topic => subscription.types }
      && module.queues[name].name == "shop-test-${name}"
      && module.queues[name].visibility_timeout_seconds == queue.visibility_timeout_seconds
      && module.queues[name].max_receive_count == queue.max_receive_count
      && module.queues[name].dead_letter_retention_seconds == 1209600
    ])
    error_message = "A queue differs from the topology, or its dead letters are not kept for 14 days."
  }

  assert {
    condition     = toset(keys(module.queues)) == toset([for queue in jsondecode(file("../../../topology.json")).queues : queue.name if queue.consumer == "order"])
    error_message = "There are other queues than in the topology."
  }
}

run "an_order_never_waits_longer_than_its_stock" {
  command = plan

  variables {
    payment_deadline_seconds = 900
  }

  expect_failures = [var.payment_deadline_seconds]
}
