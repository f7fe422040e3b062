# SSM parameters of the platform. Parameters are only added, so that an older root module still finds those that it reads.

data "aws_ssm_parameter" "platform" {
  for_each = toset([
    "alarm_topic_arn",
    "artifacts_bucket",
    "kms_data_key_arn",
    "topic_arn_order-events",
    "topic_arn_payment-events",
  ])

  name = "/shop/${var.environment}/platform/${each.key}"
}

locals {
  name_prefix = "shop-${var.environment}"
  topology    = jsondecode(file("${path.module}/../../../topology.json"))
  platform    = { for name, parameter in data.aws_ssm_parameter.platform : name => parameter.insecure_value }
}
