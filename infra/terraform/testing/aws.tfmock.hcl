# Values of the mocked provider for attributes that are known only after an apply. Its default is random text, which is
# neither an ARN nor JSON. All tests of modules and root modules share this folder.

mock_data "aws_availability_zones" {
  defaults = { names = ["eu-central-1a", "eu-central-1b", "eu-central-1c"] }
}

mock_data "aws_caller_identity" {
  defaults = { account_id = "111122223333" }
}

mock_data "aws_partition" {
  defaults = { partition = "aws" }
}

mock_data "aws_region" {
  defaults = { id = "eu-central-1", name = "eu-central-1" }
}

mock_data "aws_cloudfront_cache_policy" {
  defaults = { id = "caching-disabled" }
}

mock_data "aws_cloudfront_origin_request_policy" {
  defaults = { id = "all-but-host" }
}

mock_resource "aws_acm_certificate" {
  defaults = {
    arn = "arn:aws:acm:eu-central-1:111122223333:certificate/mock"
    domain_validation_options = [{
      domain_name           = "mock.shop.example"
      resource_record_name  = "_a.mock.shop.example."
      resource_record_type  = "CNAME"
      resource_record_value = "_b.acm-validations.aws."
    }]
  }
}

mock_resource "aws_acm_certificate_validation" {
  defaults = { certificate_arn = "arn:aws:acm:eu-central-1:111122223333:certificate/mock" }
}

mock_resource "aws_apigatewayv2_api" {
  defaults = {
    id            = "a1b2c3d4e5"
    api_endpoint  = "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com"
    execution_arn = "arn:aws:execute-api:eu-central-1:111122223333:a1b2c3d4e5"
  }
}

mock_resource "aws_apigatewayv2_authorizer" {
  defaults = { id = "auth01" }
}

mock_resource "aws_cloudfront_cache_policy" {
  defaults = { id = "well-known" }
}

mock_resource "aws_cloudfront_distribution" {
  defaults = { id = "E0000000000000", domain_name = "d0000000000000.cloudfront.net", hosted_zone_id = "Z2FDTNDATAQYW2" }
}

mock_resource "aws_cloudfront_response_headers_policy" {
  defaults = { id = "headers" }
}

mock_resource "aws_cloudwatch_log_group" {
  defaults = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:mock" }
}

mock_resource "aws_codedeploy_app" {
  defaults = { arn = "arn:aws:codedeploy:eu-central-1:111122223333:application:mock" }
}

mock_resource "aws_db_instance" {
  defaults = { endpoint = "mock.eu-central-1.rds.amazonaws.com:5432" }
}

mock_resource "aws_dynamodb_table" {
  defaults = {
    arn        = "arn:aws:dynamodb:eu-central-1:111122223333:table/mock"
    stream_arn = "arn:aws:dynamodb:eu-central-1:111122223333:table/mock/stream/2026-01-01T00:00:00.000"
  }
}

mock_resource "aws_ecs_cluster" {
  defaults = { arn = "arn:aws:ecs:eu-central-1:111122223333:cluster/mock" }
}

mock_resource "aws_ecs_service" {
  defaults = { id = "arn:aws:ecs:eu-central-1:111122223333:service/mock/mock" }
}

mock_resource "aws_ecs_task_definition" {
  defaults = { arn = "arn:aws:ecs:eu-central-1:111122223333:task-definition/mock:1" }
}

mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::111122223333:role/mock", id = "mock" }
}

mock_resource "aws_kms_key" {
  defaults = {
    arn    = "arn:aws:kms:eu-central-1:111122223333:key/99999999-0000-4000-8000-000000000000"
    key_id = "99999999-0000-4000-8000-000000000000"
  }
}

mock_resource "aws_lambda_alias" {
  defaults = {
    arn        = "arn:aws:lambda:eu-central-1:111122223333:function:mock:live"
    invoke_arn = "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-central-1:111122223333:function:mock:live/invocations"
  }
}

mock_resource "aws_lambda_function" {
  defaults = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:mock", version = "1" }
}

mock_resource "aws_lb" {
  defaults = {
    arn        = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/mock/50dc6c495c0c9188"
    arn_suffix = "app/mock/50dc6c495c0c9188"
  }
}

mock_resource "aws_lb_listener" {
  defaults = { arn = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/mock/50dc6c495c0c9188/f2f7dc8efc522ab2" }
}

mock_resource "aws_lb_listener_rule" {
  defaults = { arn = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener-rule/app/mock/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee" }
}

mock_resource "aws_lb_target_group" {
  defaults = {
    arn        = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/mock/73e2d6bc24d8a067"
    arn_suffix = "targetgroup/mock/73e2d6bc24d8a067"
  }
}

mock_resource "aws_route_table" {
  defaults = { id = "rtb-0a000000000000001" }
}

mock_resource "aws_s3_bucket" {
  defaults = { arn = "arn:aws:s3:::mock" }
}

mock_resource "aws_secretsmanager_secret" {
  defaults = { arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:mock-AbCdEf" }
}

mock_resource "aws_security_group" {
  defaults = { id = "sg-0a000000000000001" }
}

mock_resource "aws_sesv2_email_identity" {
  defaults = { arn = "arn:aws:ses:eu-central-1:111122223333:identity/shop.example" }
}

mock_resource "aws_sns_topic" {
  defaults = { arn = "arn:aws:sns:eu-central-1:111122223333:mock" }
}

mock_resource "aws_sqs_queue" {
  defaults = {
    arn = "arn:aws:sqs:eu-central-1:111122223333:mock"
    url = "https://sqs.eu-central-1.amazonaws.com/111122223333/mock"
    id  = "https://sqs.eu-central-1.amazonaws.com/111122223333/mock"
  }
}

mock_resource "aws_subnet" {
  defaults = { id = "subnet-0a000000000000001" }
}

mock_resource "aws_wafv2_web_acl" {
  defaults = { arn = "arn:aws:wafv2:us-east-1:111122223333:global/webacl/mock/00000000-0000-4000-8000-000000000000" }
}
