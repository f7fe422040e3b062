# Internal load balancer, reachable only by the API's VPC link. Services add rules to its only listener.

locals {
  # Name in the certificate, which integrations verify (tls_config.server_name_to_verify). It has no DNS record.
  alb_server_name     = "internal.${var.domain_name}"
  alb_certificate_arn = var.alb_certificate_arn != null ? var.alb_certificate_arn : aws_acm_certificate_validation.alb[0].certificate_arn
}

resource "aws_lb" "this" {
  name               = local.name_prefix
  internal           = true
  load_balancer_type = "application"
  subnets            = aws_subnet.private[*].id
  security_groups    = [aws_security_group.this["alb"].id]

  drop_invalid_header_fields = true
  desync_mitigation_mode     = "strictest"
  enable_deletion_protection = var.deletion_protection

  access_logs {
    enabled = true
    bucket  = aws_s3_bucket.this["logs"].id
    prefix  = "alb"
  }

  depends_on = [aws_s3_bucket_policy.this]
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  # TLS 1.3, and 1.2 for clients without 1.3.
  ssl_policy      = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn = local.alb_certificate_arn

  # Paths without a rule return 404. Load balancers do not support application/problem+json.
  default_action {
    type = "fixed-response"

    fixed_response {
      status_code  = "404"
      content_type = "application/json"
      message_body = jsonencode({ type = "about:blank", title = "Not Found", status = 404 })
    }
  }
}

# Certificate of a public authority, as API Gateway trusts no other. Validation does not require the name to be reachable.
resource "aws_acm_certificate" "alb" {
  count = var.alb_certificate_arn == null ? 1 : 0

  domain_name       = local.alb_server_name
  validation_method = "DNS"

  lifecycle { create_before_destroy = true }
}

locals {
  alb_validation = var.alb_certificate_arn == null ? one(aws_acm_certificate.alb[0].domain_validation_options) : null
}

resource "aws_route53_record" "alb_certificate" {
  count = var.alb_certificate_arn == null ? 1 : 0

  zone_id = var.hosted_zone_id
  name    = local.alb_validation.resource_record_name
  type    = local.alb_validation.resource_record_type
  records = [local.alb_validation.resource_record_value]
  ttl     = 300

  # AWS requests the same record for the same name, so a replacement certificate finds it in place.
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "alb" {
  count = var.alb_certificate_arn == null ? 1 : 0

  certificate_arn         = aws_acm_certificate.alb[0].arn
  validation_record_fqdns = [aws_route53_record.alb_certificate[0].fqdn]
}
