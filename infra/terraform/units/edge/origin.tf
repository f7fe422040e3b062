# Origin of CloudFront, which other clients cannot reach.
#
# An HTTP API supports neither a firewall nor resource policies nor conditions on headers, so a secret header would not be
# checked. API Gateway does check the host name, and returns 403 for unknown names. The secret is therefore a name: the
# first label below origin.<domain>. The certificate is for *.origin.<domain>, because names in certificates are
# published. DNS resolves the name only for clients that know it.

resource "aws_acm_certificate" "origin" {
  # checkov:skip=CKV2_AWS_71: names in certificates are published, and the first label is the secret
  domain_name       = "*.${local.origin_domain}"
  validation_method = "DNS"

  lifecycle { create_before_destroy = true }
}

locals {
  origin_validation = one(aws_acm_certificate.origin.domain_validation_options)
}

resource "aws_route53_record" "origin_certificate" {
  zone_id = var.hosted_zone_id
  name    = local.origin_validation.resource_record_name
  type    = local.origin_validation.resource_record_type
  records = [local.origin_validation.resource_record_value]
  ttl     = 300

  # AWS requests the same record for the same name, so a replacement certificate finds it in place.
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "origin" {
  certificate_arn         = aws_acm_certificate.origin.arn
  validation_record_fqdns = [aws_route53_record.origin_certificate.fqdn]
}

# A new secret creates a new name beside the old one, which is deleted when CloudFront no longer uses it. The secret can
# therefore be changed at any time without losing requests.
resource "aws_apigatewayv2_domain_name" "origin" {
  domain_name = local.origin_name

  domain_name_configuration {
    certificate_arn = aws_acm_certificate_validation.origin.certificate_arn
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
  }

  lifecycle { create_before_destroy = true }
}

resource "aws_apigatewayv2_api_mapping" "origin" {
  api_id      = data.aws_ssm_parameter.http_api_id.insecure_value
  domain_name = aws_apigatewayv2_domain_name.origin.id
  stage       = "$default"

  lifecycle { create_before_destroy = true }
}

resource "aws_route53_record" "origin" {
  zone_id = var.hosted_zone_id
  name    = local.origin_name
  type    = "A"

  alias {
    name                   = aws_apigatewayv2_domain_name.origin.domain_name_configuration[0].target_domain_name
    zone_id                = aws_apigatewayv2_domain_name.origin.domain_name_configuration[0].hosted_zone_id
    evaluate_target_health = false
  }

  lifecycle { create_before_destroy = true }
}
