# What must be true of the platform, whatever is changed. Offline: the provider is mocked, so this says nothing about what
# AWS accepts, only about what we ask for.

mock_provider "aws" {
  override_during = plan

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-central-1a", "eu-central-1b", "eu-central-1c"] }
  }
  mock_resource "aws_security_group" {
    defaults = { id = "sg-00000000" }
  }
  mock_resource "aws_subnet" {
    defaults = { id = "subnet-00000000" }
  }
  mock_resource "aws_route_table" {
    defaults = { id = "rtb-00000000" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-central-1:123456789012:topic" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::bucket" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:group" }
  }
  mock_resource "aws_lb" {
    defaults = {
      arn        = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/shop-test/0000000000000000"
      arn_suffix = "app/shop-test/0000000000000000"
    }
  }
  mock_resource "aws_lb_listener" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/shop-test/0000000000000000/0000000000000000" }
  }
  mock_resource "aws_acm_certificate" {
    defaults = {
      arn = "arn:aws:acm:eu-central-1:123456789012:certificate/made"
      domain_validation_options = [{
        domain_name           = "internal.test.shop.example"
        resource_record_name  = "_a.internal.test.shop.example."
        resource_record_type  = "CNAME"
        resource_record_value = "_b.acm-validations.aws."
      }]
    }
  }
  mock_resource "aws_acm_certificate_validation" {
    defaults = { certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/made" }
  }
  mock_resource "aws_apigatewayv2_api" {
    defaults = { id = "0a1b2c3d4e", api_endpoint = "https://0a1b2c3d4e.execute-api.eu-central-1.amazonaws.com" }
  }
  mock_resource "aws_apigatewayv2_authorizer" {
    defaults = { id = "abc123" }
  }
}

variables {
  environment        = "test"
  domain_name        = "test.shop.example"
  hosted_zone_id     = "Z0123456789"
  monthly_budget_usd = 100
  alarm_emails       = ["oncall@shop.example"]
}

run "nothing_is_public" {
  command = plan

  assert {
    condition     = aws_lb.this.internal
    error_message = "The load balancer is internal."
  }
  assert {
    condition     = alltrue([for subnet in concat(aws_subnet.private, aws_subnet.database, aws_subnet.public) : !subnet.map_public_ip_on_launch])
    error_message = "No subnet gives out public addresses."
  }
  assert {
    condition = alltrue([
      for rule in aws_vpc_security_group_ingress_rule.this : rule.cidr_ipv4 == null && rule.cidr_ipv6 == null && rule.referenced_security_group_id != null
    ])
    error_message = "Who may come in is a group of ours, never a range of addresses."
  }
  assert {
    condition     = alltrue([for block in aws_s3_bucket_public_access_block.this : block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets])
    error_message = "No bucket can be made public."
  }
  assert {
    condition     = length(aws_s3_bucket_public_access_block.this) == length(aws_s3_bucket.this)
    error_message = "Every bucket is closed."
  }
}

run "tls_everywhere" {
  command = plan

  assert {
    condition     = aws_lb_listener.https.protocol == "HTTPS" && startswith(aws_lb_listener.https.ssl_policy, "ELBSecurityPolicy-TLS13-")
    error_message = "The listener speaks TLS 1.3."
  }
  assert {
    condition     = aws_lb.this.drop_invalid_header_fields && aws_lb_listener.https.default_action[0].fixed_response[0].status_code == "404"
    error_message = "Invalid headers are dropped, and what no service asked for is 404."
  }
  assert {
    condition = alltrue([
      for policy in values(local.bucket_policies) : anytrue([
        for statement in jsondecode(policy).Statement :
        statement.Effect == "Deny" && try(statement.Condition.Bool["aws:SecureTransport"], null) == "false"
      ])
    ])
    error_message = "No bucket is read or written without TLS."
  }
}

run "everything_is_encrypted_with_our_keys" {
  command = plan

  assert {
    condition     = alltrue([for group in [aws_cloudwatch_log_group.api, aws_cloudwatch_log_group.container_insights] : group.retention_in_days == 30 && group.kms_key_id == aws_kms_key.data.arn])
    error_message = "Every log group has a retention and our key."
  }
  assert {
    condition     = alltrue([for topic in concat(values(aws_sns_topic.events), [aws_sns_topic.alarms]) : topic.kms_master_key_id == aws_kms_key.data.arn])
    error_message = "Every topic has our key."
  }
  assert {
    condition     = alltrue([for repository in aws_ecr_repository.service : repository.encryption_configuration[0].encryption_type == "KMS" && repository.encryption_configuration[0].kms_key == aws_kms_key.data.arn])
    error_message = "Every repository has our key."
  }
  assert {
    condition = alltrue([
      for key, encryption in aws_s3_bucket_server_side_encryption_configuration.this :
      one(one(encryption.rule).apply_server_side_encryption_by_default).sse_algorithm == (key == "logs" ? "AES256" : "aws:kms")
    ]) && length(aws_s3_bucket_server_side_encryption_configuration.this) == length(aws_s3_bucket.this)
    error_message = "Every bucket has a key of ours, but for the one that load balancers write into: they cannot."
  }
  assert {
    condition     = alltrue([for key in concat([aws_kms_key.data], aws_kms_key.audit) : key.enable_key_rotation])
    error_message = "Keys rotate."
  }
}

run "policies_name_actions_and_resources" {
  command = plan

  # Of keys the resource is "*" by their nature: it means the key itself.
  assert {
    condition = alltrue(flatten([
      for policy in [local.data_key_policy, local.audit_key_policy] : [
        for statement in jsondecode(policy).Statement : [for action in flatten([statement.Action]) : !strcontains(action, "*")]
      ]
    ]))
    error_message = "No key allows a wildcard of actions."
  }
  assert {
    condition = alltrue(flatten([
      for policy in concat(values(local.topic_policies), values(local.bucket_policies)) : [
        for statement in jsondecode(policy).Statement : statement.Effect == "Deny" ? [true] : concat(
          [for action in flatten([statement.Action]) : !strcontains(action, "*")],
          [for resource in flatten([statement.Resource]) : resource != "*" && startswith(resource, "arn:aws:")],
          [statement.Principal != "*"],
        )
      ]
    ]))
    error_message = "What topics and buckets allow is named: actions, resources, and to whom."
  }
  assert {
    condition = alltrue(flatten([
      for policy in values(local.topic_policies) : [
        for statement in jsondecode(policy).Statement :
        statement.Effect == "Deny" || try(statement.Principal.AWS, null) == "arn:aws:iam::123456789012:root" || try(statement.Condition.StringEquals["aws:SourceAccount"], null) == "123456789012"
      ]
    ]))
    error_message = "Topics let nobody in but this account."
  }
  assert {
    condition     = toset(keys(aws_sns_topic_policy.events)) == toset(keys(aws_sns_topic.events))
    error_message = "Every topic has a policy."
  }
}

run "topics_and_repositories_are_those_of_the_topology" {
  command = plan

  assert {
    condition = toset([for topic in aws_sns_topic.events : topic.name]) == toset(
      [for name in jsondecode(file("../../../topology.json")).topics : "shop-test-${name}"]
    )
    error_message = "The topics are those of infra/topology.json."
  }
  assert {
    condition = toset([for repository in aws_ecr_repository.service : repository.name]) == toset(
      [for service in jsondecode(file("../../../topology.json")).services : "shop-test-${service.name}"]
    )
    error_message = "Each service of infra/topology.json that runs as tasks has a repository."
  }
  assert {
    condition     = alltrue([for repository in aws_ecr_repository.service : repository.image_tag_mutability == "IMMUTABLE" && repository.image_scanning_configuration[0].scan_on_push])
    error_message = "A tag is for ever, and images are scanned."
  }
}

run "every_alarm_acts" {
  command = plan

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_actions == toset([aws_sns_topic.alarms.arn]) && length(alarm.alarm_description) > 40])
    error_message = "Every alarm rings somewhere and says what it means."
  }
  assert {
    condition     = length([for alarm in aws_cloudwatch_metric_alarm.this : alarm if alarm.metric_name == "NumberOfNotificationsFailed"]) == length(aws_sns_topic.events)
    error_message = "Every topic is watched."
  }
  assert {
    condition     = alltrue([for notification in aws_budgets_budget.monthly.notification : notification.subscriber_sns_topic_arns == toset([aws_sns_topic.alarms.arn])])
    error_message = "The budget rings, too."
  }
}

run "the_access_log_holds_nothing_personal" {
  command = plan

  assert {
    condition = length(setintersection(values(local.access_log), [
      "$context.identity.sourceIp", "$context.identity.userAgent", "$context.path", "$context.authorizer.claims.sub", "$context.protocol",
    ])) == 0 && !strcontains(aws_apigatewayv2_stage.default.access_log_settings[0].format, "claims")
    error_message = "Neither addresses nor users nor paths with ids are logged."
  }
}

run "the_trail_cannot_be_lost" {
  command = plan

  assert {
    condition = (
      aws_cloudtrail.this[0].is_multi_region_trail && aws_cloudtrail.this[0].enable_log_file_validation
      && aws_cloudtrail.this[0].kms_key_id == aws_kms_key.audit[0].arn && aws_s3_bucket_versioning.this["trail"].versioning_configuration[0].status == "Enabled"
    )
    error_message = "The trail is of all Regions, validated, encrypted, and its bucket is versioned."
  }
}

run "parameters_are_those_of_the_register" {
  command = plan

  assert {
    condition = toset([for parameter in aws_ssm_parameter.this : parameter.name]) == toset([
      for name in [
        "vpc_id", "private_subnet_ids", "app_security_group_id", "database_subnet_group", "database_client_security_group_id",
        "alb_listener_arn", "alb_arn_suffix", "alb_security_group_id", "alb_server_name", "ecs_cluster_arn", "ecs_cluster_name",
        "http_api_id", "http_api_execution_arn", "http_api_url", "http_api_authorizer_id", "vpc_link_id", "kms_data_key_arn",
        "topic_arn_user-events", "topic_arn_product-events", "topic_arn_order-events", "topic_arn_payment-events",
        "alarm_topic_arn", "service_namespace_id", "artifacts_bucket", "ecr_repository_url_product", "ecr_repository_url_order",
      ] : "/shop/test/platform/${name}"
    ])
    error_message = "Other units read these names: add to them, and to README.md, but never take one away."
  }
}

run "first_apply_without_an_issuer" {
  command = plan

  variables {
    issuer_answers   = false
    route_throttling = { "POST /v1/auth/token" = { rate = 5, burst = 10 } }
  }

  assert {
    condition     = length(aws_apigatewayv2_authorizer.access_tokens) == 0 && length(aws_apigatewayv2_stage.default.route_settings) == 0
    error_message = "Nothing is asked for that needs the unit user."
  }
  assert {
    condition     = !contains(keys(aws_ssm_parameter.this), "http_api_authorizer_id")
    error_message = "Other units are not told of an authoriser that does not exist."
  }
}

run "with_an_issuer" {
  command = plan

  variables {
    route_throttling = { "POST /v1/auth/token" = { rate = 5, burst = 10 } }
  }

  assert {
    condition = (
      aws_apigatewayv2_authorizer.access_tokens[0].jwt_configuration[0].issuer == aws_apigatewayv2_api.this.api_endpoint
      && aws_apigatewayv2_authorizer.access_tokens[0].jwt_configuration[0].audience == toset(["shop-api"])
    )
    error_message = "Tokens come from this API, and are for it."
  }
  assert {
    condition     = one(aws_apigatewayv2_stage.default.route_settings).throttling_rate_limit == 5 && one(aws_apigatewayv2_stage.default.default_route_settings).throttling_burst_limit == 400
    error_message = "Routes are throttled, each and all."
  }
}

run "behind_the_edge" {
  command = plan

  variables {
    api_domain_name               = "api.test.shop.example"
    execute_api_endpoint_disabled = true
  }

  assert {
    condition     = aws_apigatewayv2_api.this.disable_execute_api_endpoint
    error_message = "The edge cannot be passed by."
  }
  assert {
    condition     = aws_apigatewayv2_authorizer.access_tokens[0].jwt_configuration[0].issuer == "https://api.test.shop.example" && aws_ssm_parameter.this["http_api_url"].value == "https://api.test.shop.example"
    error_message = "The issuer has the public name."
  }
}

run "one_nat_gateway_serves_three_zones" {
  command = plan

  assert {
    condition     = length(aws_nat_gateway.this) == 1 && length(aws_subnet.public) == 1 && length(aws_route.private) == 3
    error_message = "One gateway, and every zone has a way to it."
  }
  assert {
    condition     = length(aws_vpc_endpoint.interface) == 0 && length(aws_vpc_endpoint.s3.route_table_ids) > 0 && length(aws_vpc_endpoint.dynamodb.route_table_ids) > 0
    error_message = "What is free is there, what is billed is not."
  }
}

run "a_nat_gateway_in_each_zone" {
  command = plan

  variables {
    nat_gateway_count = 3
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 3 && length(aws_subnet.public) == 3
    error_message = "Each zone has its own gateway."
  }
}

run "without_nat_there_is_no_way_out" {
  command = plan

  variables {
    nat_gateway_count   = 0
    interface_endpoints = ["ecr.api", "ecr.dkr", "logs", "sqs", "sns"]
  }

  assert {
    condition     = length(aws_internet_gateway.this) == 0 && length(aws_subnet.public) == 0 && length(aws_route.private) == 0 && length(aws_vpc_endpoint.interface) == 5
    error_message = "No gateway, no public subnet, no route; the endpoints that were asked for."
  }
}

run "with_a_certificate_of_ones_own" {
  command = plan

  variables {
    hosted_zone_id      = null
    alb_certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/own"
  }

  assert {
    condition     = aws_lb_listener.https.certificate_arn == "arn:aws:acm:eu-central-1:123456789012:certificate/own" && length(aws_acm_certificate.alb) == 0
    error_message = "The certificate that was given is used, and none is made."
  }
}

run "where_the_account_has_a_trail" {
  command = plan

  variables {
    cloudtrail_enabled = false
  }

  assert {
    condition     = length(aws_cloudtrail.this) == 0 && length(aws_kms_key.audit) == 0 && length(aws_s3_bucket.this) == 2
    error_message = "No second trail, and none of what it needs."
  }
}

run "no_certificate_is_refused" {
  command = plan

  variables {
    hosted_zone_id = null
  }

  expect_failures = [var.hosted_zone_id]
}

run "closing_the_only_door_is_refused" {
  command = plan

  variables {
    execute_api_endpoint_disabled = true
  }

  expect_failures = [var.execute_api_endpoint_disabled]
}

run "unknown_routes_are_refused" {
  command = plan

  variables {
    route_throttling = { "POST /v1/nowhere" = { rate = 1, burst = 1 } }
  }

  expect_failures = [var.route_throttling]
}
