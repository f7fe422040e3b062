# Routes of one service in the HTTP API, and their integration.

locals {
  # Emulators have no VPC links, so they reach the load balancer by URL.
  emulated_url = try(var.load_balancer.emulated_url, null)
  vpc_link_id  = local.emulated_url == null ? try(var.load_balancer.vpc_link_id, null) : null
}

resource "aws_apigatewayv2_integration" "this" {
  api_id = var.http_api_id

  integration_type       = var.function != null ? "AWS_PROXY" : "HTTP_PROXY"
  integration_method     = var.function != null ? "POST" : "ANY" # Lambda is always invoked by POST
  integration_uri        = var.function != null ? var.function.invoke_arn : coalesce(local.emulated_url, var.load_balancer.listener_arn)
  payload_format_version = var.function != null ? "2.0" : "1.0"
  timeout_milliseconds   = var.timeout_ms

  connection_type = local.vpc_link_id == null ? "INTERNET" : "VPC_LINK"
  connection_id   = local.vpc_link_id

  dynamic "tls_config" {
    for_each = local.emulated_url == null ? var.load_balancer[*] : []
    content {
      server_name_to_verify = tls_config.value.tls_server_name
    }
  }

  lifecycle {
    precondition {
      condition     = (var.function != null) != (var.load_balancer != null)
      error_message = "Set exactly one of function and load_balancer."
    }
  }
}

resource "aws_apigatewayv2_route" "this" {
  for_each = { for route in var.routes : route.route => route }

  api_id               = var.http_api_id
  route_key            = each.key
  target               = "integrations/${aws_apigatewayv2_integration.this.id}"
  authorization_type   = each.value.scopes == null ? "NONE" : "JWT"
  authorizer_id        = each.value.scopes == null ? null : var.authorizer_id
  authorization_scopes = each.value.scopes
}

resource "aws_lambda_permission" "api" {
  count = var.function == null ? 0 : 1

  statement_id  = "http-api"
  action        = "lambda:InvokeFunction"
  function_name = var.function.name
  qualifier     = var.function.alias
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${var.http_api_execution_arn}/*/*" # all stages and routes of this API
}
