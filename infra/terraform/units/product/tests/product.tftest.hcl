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
  target = data.aws_ssm_parameter.platform["database_client_security_group_id"]
  values = { insecure_value = "sg-0a000000000000002" }
}

override_data {
  target = data.aws_ssm_parameter.platform["database_subnet_group"]
  values = { insecure_value = "shop-test" }
}

override_data {
  target = data.aws_ssm_parameter.platform["ecr_repository_url_product"]
  values = { insecure_value = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/shop-test/product" }
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
  target = data.aws_ssm_parameter.platform["topic_arn_product-events"]
  values = { insecure_value = "arn:aws:sns:eu-central-1:111122223333:shop-test-product-events" }
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
  environment               = "test"
  log_retention_days        = 30
  deletion_protection       = true
  image_digest              = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
  cpu                       = 512
  memory_mb                 = 1024
  min_tasks                 = 2
  max_tasks                 = 4
  service_deployment_config = "CodeDeployDefault.ECSCanary10Percent5Minutes"
  blue_minutes              = 10
  database_instance_class   = "db.t4g.medium"
  database_storage_gb       = 20
  database_multi_az         = true
  database_memory_alarm_mb  = 512
  database_backup_days      = 7
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
      for statement in jsondecode(policy).Statement : !contains(statement.Resource, "*") || contains(["SignInToEcr"], statement.Sid)
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
    condition     = length(output.alarms) >= 10 && alltrue([for actions in values(output.alarms) : toset(actions) == toset(["arn:aws:sns:eu-central-1:111122223333:shop-test-alarms"])])
    error_message = "An alarm has no action."
  }
}

run "the_inbox_is_as_in_the_topology" {
  command = apply

  assert {
    condition     = module.inbox.filters == { for subscription in local.queue.subscriptions : subscription.topic => subscription.types }
    error_message = "The filters differ from the topology."
  }

  assert {
    condition     = module.inbox.name == "shop-test-${local.queue.name}" && module.inbox.dead_letter_name == "shop-test-${local.queue.name}-dlq"
    error_message = "The names differ from the topology."
  }

  assert {
    condition = (
      module.inbox.visibility_timeout_seconds == local.queue.visibility_timeout_seconds
      && module.inbox.max_receive_count == local.queue.max_receive_count
      && module.inbox.dead_letter_retention_seconds == 1209600
    )
    error_message = "The queue's numbers differ from the topology, or dead letters are not kept for 14 days."
  }
}

run "the_routes_are_as_in_the_topology" {
  command = apply

  assert {
    condition = module.routes.routes == {
      for route in jsondecode(file("../../../topology.json")).routes : route.route => try(sort(route.scopes), null) if route.target == "product"
    }
    error_message = "The routes, or who may take them, differ from the topology."
  }
}

run "the_service_is_reached_by_its_paths_only" {
  command = apply

  assert {
    condition     = toset(module.service.path_patterns) == toset(["/v1/categories", "/v1/inventory/*", "/v1/products", "/v1/products/*"])
    error_message = "The load balancer sends other paths here than those of the topology."
  }
}

run "the_service_is_told_what_its_readme_lists" {
  command = apply

  assert {
    condition = alltrue([
      for setting in concat(module.service.containers[0].environment, module.service.containers[0].secrets) :
      strcontains(file("../../../../services/product/README.md"), "`${setting.name}`") || setting.name == "AWS_REGION"
    ])
    error_message = "The service is told a setting that its README does not list."
  }

  assert {
    condition = length(setsubtract(
      ["LISTEN_ADDR", "DATABASE_URL", "PRODUCT_EVENTS_TOPIC_ARN", "PRODUCT_INBOX_URL", "TOKEN_ISSUER"],
      concat(module.service.containers[0].environment[*].name, module.service.containers[0].secrets[*].name),
    )) == 0
    error_message = "The service is not told a setting without which it does not start."
  }
}

run "the_database_is_private_encrypted_and_reached_by_tls" {
  command = apply

  assert {
    condition     = aws_db_instance.this.publicly_accessible == false && aws_db_instance.this.storage_encrypted == true
    error_message = "The database is public, or its storage is not encrypted."
  }

  assert {
    condition     = contains([for parameter in aws_db_parameter_group.this.parameter : "${parameter.name}=${parameter.value}"], "rds.force_ssl=1")
    error_message = "The database answers without TLS."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.database.cidr_ipv4 == null && aws_vpc_security_group_ingress_rule.database.referenced_security_group_id == "sg-0a000000000000002"
    error_message = "The database lets in others than tasks that speak to a database."
  }

  assert {
    condition     = aws_db_instance.this.manage_master_user_password == true && aws_db_instance.this.password == null
    error_message = "The master's password would be in the state."
  }

  assert {
    condition     = aws_db_instance.this.backup_retention_period == var.database_backup_days && aws_db_instance.this.multi_az == var.database_multi_az
    error_message = "Backups or the standby are not what the profile says."
  }

  assert {
    condition     = alltrue([for group in aws_cloudwatch_log_group.database : group.retention_in_days == 30 && group.kms_key_id == "arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-4000-8000-000000000000"])
    error_message = "A log of the database has no retention or no key."
  }
}

run "the_url_with_its_password_comes_from_a_secret" {
  command = apply

  assert {
    condition     = module.service.containers[0].secrets == [{ name = "DATABASE_URL", valueFrom = aws_secretsmanager_secret.database_url.arn }]
    error_message = "DATABASE_URL is not read from Secrets Manager."
  }
}
