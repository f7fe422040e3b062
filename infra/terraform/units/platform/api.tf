# Public API: an HTTP API without routes. Each service's root module adds its routes, and the stage deploys them at once.

locals {
  # An emulator's API has a name below `localhost`, which not every resolver supports. The same API is reachable by path.
  own_endpoint = !var.emulator ? aws_apigatewayv2_api.this.api_endpoint : replace(
    aws_apigatewayv2_api.this.api_endpoint, "/^http://([^.]+)[.]execute-api[.](.+)$/", "http://$2/_aws/execute-api/$1",
  )

  # Issuer of tokens: `iss` of every token, and TOKEN_ISSUER of every service.
  http_api_url = var.api_domain_name == null ? local.own_endpoint : "https://${var.api_domain_name}"
}

resource "aws_apigatewayv2_api" "this" {
  name                         = local.name_prefix
  protocol_type                = "HTTP"
  disable_execute_api_endpoint = var.execute_api_endpoint_disabled

  dynamic "cors_configuration" {
    for_each = length(var.cors_origins) > 0 ? [true] : []

    content {
      allow_origins  = var.cors_origins
      allow_methods  = ["GET", "POST", "PUT", "PATCH", "DELETE"]
      allow_headers  = ["authorization", "content-type", "idempotency-key", "if-match", "if-none-match", "traceparent"]
      expose_headers = ["etag", "idempotent-replayed", "location", "retry-after"]
      max_age        = 3600
    }
  }
}

resource "aws_apigatewayv2_authorizer" "access_tokens" {
  count = var.issuer_answers ? 1 : 0

  api_id           = aws_apigatewayv2_api.this.id
  name             = "access-tokens"
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]

  jwt_configuration {
    issuer   = local.http_api_url
    audience = ["shop-api"]
  }
}

# Stage $default, because lambda_http prefixes the path with the name of any other stage.
resource "aws_apigatewayv2_stage" "default" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit    = var.throttling.rate
    throttling_burst_limit   = var.throttling.burst
    detailed_metrics_enabled = true
  }

  dynamic "route_settings" {
    for_each = var.issuer_answers ? var.route_throttling : {}

    content {
      route_key              = route_settings.key
      throttling_rate_limit  = route_settings.value.rate
      throttling_burst_limit = route_settings.value.burst
      # Settings of a route replace all defaults, including those that they do not set.
      detailed_metrics_enabled = true
    }
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.api.arn
    format          = jsonencode(local.access_log)
  }
}

locals {
  # Excludes the client's address and user agent, and the path, which contains ids and search terms.
  access_log = {
    request_id          = "$context.requestId"
    time_ms             = "$context.requestTimeEpoch"
    route               = "$context.routeKey"
    status              = "$context.status"
    response_bytes      = "$context.responseLength"
    latency_ms          = "$context.responseLatency"
    integration_status  = "$context.integrationStatus"
    integration_latency = "$context.integrationLatency"
    integration_error   = "$context.integrationErrorMessage"
    authorizer_error    = "$context.authorizer.error"
    error               = "$context.error.responseType"
  }
}

# Below /aws/vendedlogs/, the resource policy of log delivery does not grow with each group.
resource "aws_cloudwatch_log_group" "api" {
  # checkov:skip=CKV_AWS_338: retention is set by the profile; a year of requests has no use
  name              = "/aws/vendedlogs/${local.name_prefix}/http-api"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.data.arn
}

resource "aws_apigatewayv2_vpc_link" "this" {
  count = var.emulator ? 0 : 1

  name               = local.name_prefix
  subnet_ids         = aws_subnet.private[*].id
  security_group_ids = [aws_security_group.this["vpc_link"].id]
}
