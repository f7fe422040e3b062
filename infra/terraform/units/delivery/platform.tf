# SSM parameters of the platform. Parameters are only added, so that an older root module still finds those that it reads.

locals {
  topology = jsondecode(file("${path.module}/../../../topology.json"))

  # Releases also read them: infra/deploy/lib/common.sh.
  parameter_names = concat(
    ["artifacts_bucket", "ecs_cluster_name", "kms_data_key_arn"],
    [for service in local.topology.services : "ecr_repository_url_${service.name}"],
  )
}

data "aws_ssm_parameter" "platform" {
  for_each = toset(local.parameter_names)

  name = "/shop/${var.environment}/platform/${each.key}"
}

locals {
  name_prefix = "shop-${var.environment}"
  platform    = { for name, parameter in data.aws_ssm_parameter.platform : name => parameter.insecure_value }
}
