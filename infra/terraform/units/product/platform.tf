# SSM parameters of the platform. Parameters are only added, so that an older root module still finds those that it reads.

data "aws_ssm_parameter" "platform" {
  for_each = toset(concat([
    "alarm_topic_arn",
    "alb_arn_suffix",
    "alb_listener_arn",
    "alb_server_name",
    "app_security_group_id",
    "database_client_security_group_id",
    "database_subnet_group",
    "ecr_repository_url_product",
    "ecs_cluster_arn",
    "ecs_cluster_name",
    "http_api_authorizer_id",
    "http_api_execution_arn",
    "http_api_id",
    "http_api_url",
    "kms_data_key_arn",
    "private_subnet_ids",
    "topic_arn_order-events",
    "topic_arn_product-events",
    "vpc_id",
  ], var.emulator ? [] : ["vpc_link_id"])) # emulators have no VPC links

  name = "/shop/${var.environment}/platform/${each.key}"
}

locals {
  name_prefix = "shop-${var.environment}"
  topology    = jsondecode(file("${path.module}/../../../topology.json"))
  platform    = { for name, parameter in data.aws_ssm_parameter.platform : name => parameter.insecure_value }
}
