mock_provider "aws" {
  source = "../../testing"
}

variables {
  http_api_id            = "a1b2c3d4e5"
  http_api_execution_arn = "arn:aws:execute-api:eu-central-1:111122223333:a1b2c3d4e5"
  authorizer_id          = "auth01"
  routes = [
    { route = "GET /v1/products", scopes = null },
    { route = "PATCH /v1/products/{id}", scopes = ["admin"] },
  ]
}

run "a_function_is_invoked_with_payload_2_0" {
  command = apply

  variables {
    function = { name = "shop-test-user", alias = "live", invoke_arn = "arn:aws:apigateway:eu-central-1:lambda:path/x/invocations" }
  }

  assert {
    condition     = aws_apigatewayv2_integration.this.integration_type == "AWS_PROXY" && aws_apigatewayv2_integration.this.payload_format_version == "2.0"
    error_message = "The payload format must be 2.0."
  }

  assert {
    condition     = aws_lambda_permission.api[0].qualifier == "live" && aws_lambda_permission.api[0].source_arn == "${var.http_api_execution_arn}/*/*"
    error_message = "Only this API may invoke the function, and only by its alias."
  }
}

run "a_service_is_reached_by_vpc_link_and_tls" {
  command = apply

  variables {
    load_balancer = {
      vpc_link_id     = "link01"
      listener_arn    = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/shop-test/50dc6c495c0c9188/f2f7dc8efc522ab2"
      tls_server_name = "internal.test.shop.example"
    }
  }

  assert {
    condition = (
      aws_apigatewayv2_integration.this.connection_type == "VPC_LINK"
      && aws_apigatewayv2_integration.this.connection_id == "link01"
      && aws_apigatewayv2_integration.this.tls_config[0].server_name_to_verify == "internal.test.shop.example"
    )
    error_message = "The load balancer must be reached by the VPC link, with a verified certificate."
  }

  assert {
    condition = (
      aws_apigatewayv2_route.this["GET /v1/products"].authorization_type == "NONE"
      && aws_apigatewayv2_route.this["PATCH /v1/products/{id}"].authorization_type == "JWT"
      && aws_apigatewayv2_route.this["PATCH /v1/products/{id}"].authorizer_id == "auth01"
      && aws_apigatewayv2_route.this["PATCH /v1/products/{id}"].authorization_scopes == toset(["admin"])
    )
    error_message = "A route has the wrong authorization."
  }

  assert {
    condition     = length(aws_lambda_permission.api) == 0
    error_message = "Without a function there must be no Lambda permission."
  }
}

run "routes_require_an_integration" {
  command = plan

  variables {
    load_balancer = null
    function      = null
  }

  expect_failures = [aws_apigatewayv2_integration.this]
}
