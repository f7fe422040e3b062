# Public entry point of the API: CloudFront with a firewall, and an origin name that only CloudFront knows.
#
#   client --https--> api.<domain> (CloudFront, WAF) --https--> <secret>.origin.<domain> (API Gateway)

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_ssm_parameter" "http_api_id" {
  name = "/shop/${var.environment}/platform/http_api_id"
}

locals {
  name_prefix = "shop-${var.environment}"

  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition

  api_name      = "api.${var.domain_name}"
  origin_domain = "origin.${var.domain_name}"
  origin_name   = "${var.origin_secret}.${local.origin_domain}"
}

# Parameters for other root modules: append-only, as those of platform. The secret name is not among them.
resource "aws_ssm_parameter" "this" {
  # checkov:skip=CKV2_AWS_34: a URL and an id, not secrets
  for_each = {
    api_url         = "https://${local.api_name}"
    distribution_id = aws_cloudfront_distribution.api.id
  }

  name  = "/shop/${var.environment}/edge/${each.key}"
  type  = "String"
  value = each.value
}
