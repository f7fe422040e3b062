# SSM parameters of the platform. Parameters are only added, so that an older root module still finds those that it reads.

data "aws_ssm_parameter" "platform" {
  for_each = toset([
    "alarm_topic_arn",
    "artifacts_bucket",
    "http_api_execution_arn",
    "http_api_id",
    "http_api_url",
    "kms_data_key_arn",
    "topic_arn_user-events",
  ])

  name = "/shop/${var.environment}/platform/${each.key}"
}

data "aws_ssm_parameter" "authorizer" {
  count = var.issuer_answers ? 1 : 0

  name = "/shop/${var.environment}/platform/http_api_authorizer_id"
}

locals {
  name_prefix = "shop-${var.environment}"
  topology    = jsondecode(file("${path.module}/../../../topology.json"))
  platform    = { for name, parameter in data.aws_ssm_parameter.platform : name => parameter.insecure_value }
}
