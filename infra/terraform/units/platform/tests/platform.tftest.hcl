# Invariants of platform. Offline tests with a mocked provider: they check the configuration, not whether AWS accepts it.
# Rules for all root modules are in
# `cargo checks`.

mock_provider "aws" {
  override_during = plan
  source          = "../../testing"
}

variables {
  environment        = "test"
  domain_name        = "test.shop.example"
  hosted_zone_id     = "Z0123456789"
  monthly_budget_usd = 100
  alarm_emails       = ["oncall@shop.example"]
}

run "tls_is_required" {
  command = plan

  assert {
    condition     = aws_lb_listener.https.protocol == "HTTPS" && startswith(aws_lb_listener.https.ssl_policy, "ELBSecurityPolicy-TLS13-")
    error_message = "The listener must support TLS 1.3."
  }
  assert {
    condition     = aws_lb.this.drop_invalid_header_fields && aws_lb_listener.https.default_action[0].fixed_response[0].status_code == "404"
    error_message = "Invalid headers must be dropped, and unknown paths must return 404."
  }
  assert {
    condition = alltrue([
      for policy in values(local.bucket_policies) : anytrue([
        for statement in jsondecode(policy).Statement :
        statement.Effect == "Deny" && try(statement.Condition.Bool["aws:SecureTransport"], null) == "false"
      ])
    ])
    error_message = "Buckets must require TLS."
  }
}

run "the_budget_has_notifications" {
  command = plan

  assert {
    condition     = alltrue([for notification in aws_budgets_budget.monthly.notification : notification.subscriber_sns_topic_arns == toset([aws_sns_topic.alarms.arn])])
    error_message = "The budget must notify the alarm topic."
  }
}

run "the_access_log_contains_no_personal_data" {
  command = plan

  assert {
    condition = length(setintersection(values(local.access_log), [
      "$context.identity.sourceIp", "$context.identity.userAgent", "$context.path", "$context.authorizer.claims.sub", "$context.protocol",
    ])) == 0 && !strcontains(aws_apigatewayv2_stage.default.access_log_settings[0].format, "claims")
    error_message = "Addresses, users and paths with ids must not be logged."
  }
}

run "the_trail_is_protected" {
  command = plan

  assert {
    condition = (
      aws_cloudtrail.this[0].is_multi_region_trail && aws_cloudtrail.this[0].enable_log_file_validation
      && aws_cloudtrail.this[0].kms_key_id == aws_kms_key.audit[0].arn && aws_s3_bucket_versioning.this["trail"].versioning_configuration[0].status == "Enabled"
    )
    error_message = "The trail must cover all Regions, with validation and encryption, in a versioned bucket."
  }
}

run "parameters_are_those_of_the_readme" {
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
    error_message = "Other root modules read these names. Add new ones here and in README.md, but never remove one."
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
    error_message = "The first apply must not require user."
  }
  assert {
    condition     = !contains(keys(aws_ssm_parameter.this), "http_api_authorizer_id")
    error_message = "Without an authorizer, there must be no parameter for it."
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
    error_message = "Issuer and audience of tokens must be this API."
  }
  assert {
    condition     = one(aws_apigatewayv2_stage.default.route_settings).throttling_rate_limit == 5 && one(aws_apigatewayv2_stage.default.default_route_settings).throttling_burst_limit == 400
    error_message = "All routes must be throttled."
  }
}

run "with_edge" {
  command = plan

  variables {
    api_domain_name               = "api.test.shop.example"
    execute_api_endpoint_disabled = true
  }

  assert {
    condition     = aws_apigatewayv2_api.this.disable_execute_api_endpoint
    error_message = "Edge must not be bypassable."
  }
  assert {
    condition     = aws_apigatewayv2_authorizer.access_tokens[0].jwt_configuration[0].issuer == "https://api.test.shop.example" && aws_ssm_parameter.this["http_api_url"].value == "https://api.test.shop.example"
    error_message = "The issuer must have the public name."
  }
}

run "three_zones_share_one_nat_gateway" {
  command = plan

  assert {
    condition     = length(aws_nat_gateway.this) == 1 && length(aws_subnet.public) == 1 && length(aws_route.private) == 3
    error_message = "Every zone must have a route to the only gateway."
  }
  assert {
    condition     = length(aws_vpc_endpoint.interface) == 0 && length(aws_vpc_endpoint.s3.route_table_ids) > 0 && length(aws_vpc_endpoint.dynamodb.route_table_ids) > 0
    error_message = "Only free endpoints must exist by default."
  }
}

run "a_nat_gateway_in_each_zone" {
  command = plan

  variables {
    nat_gateway_count = 3
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 3 && length(aws_subnet.public) == 3
    error_message = "Each zone must have its own gateway."
  }
}

run "without_nat_there_is_no_outbound_route" {
  command = plan

  variables {
    nat_gateway_count   = 0
    interface_endpoints = ["ecr.api", "ecr.dkr", "logs", "sqs", "sns"]
  }

  assert {
    condition     = length(aws_internet_gateway.this) == 0 && length(aws_subnet.public) == 0 && length(aws_route.private) == 0 && length(aws_vpc_endpoint.interface) == 5
    error_message = "There must be no gateway, public subnet or route, but the requested endpoints."
  }
}

run "with_an_existing_certificate" {
  command = plan

  variables {
    hosted_zone_id      = null
    alb_certificate_arn = "arn:aws:acm:eu-central-1:111122223333:certificate/own"
  }

  assert {
    condition     = aws_lb_listener.https.certificate_arn == "arn:aws:acm:eu-central-1:111122223333:certificate/own" && length(aws_acm_certificate.alb) == 0
    error_message = "The given certificate must be used, and none created."
  }
}

run "in_an_account_with_a_trail" {
  command = plan

  variables {
    cloudtrail_enabled = false
  }

  assert {
    condition     = length(aws_cloudtrail.this) == 0 && length(aws_kms_key.audit) == 0 && length(aws_s3_bucket.this) == 2
    error_message = "There must be no second trail and none of its resources."
  }
}

run "a_missing_certificate_is_rejected" {
  command = plan

  variables {
    hosted_zone_id = null
  }

  expect_failures = [var.hosted_zone_id]
}

run "disabling_the_only_endpoint_is_rejected" {
  command = plan

  variables {
    execute_api_endpoint_disabled = true
  }

  expect_failures = [var.execute_api_endpoint_disabled]
}

run "unknown_routes_are_rejected" {
  command = plan

  variables {
    route_throttling = { "POST /v1/nowhere" = { rate = 1, burst = 1 } }
  }

  expect_failures = [var.route_throttling]
}
