# Public name of the API. Only the token issuer's keys are cached.

data "aws_cloudfront_cache_policy" "disabled" {
  name = "Managed-CachingDisabled"
}

# Forwards everything except the Host header, by which API Gateway identifies the API.
data "aws_cloudfront_origin_request_policy" "all_but_host" {
  name = "Managed-AllViewerExceptHostHeader"
}

# Caches by path, for the time that the origin specifies (five minutes). The managed policy would forward the host.
resource "aws_cloudfront_cache_policy" "well_known" {
  name        = "${local.name_prefix}-well-known"
  min_ttl     = 0
  default_ttl = 0
  max_ttl     = 300

  parameters_in_cache_key_and_forwarded_to_origin {
    enable_accept_encoding_gzip   = true
    enable_accept_encoding_brotli = true

    cookies_config {
      cookie_behavior = "none"
    }

    headers_config {
      header_behavior = "none"
    }

    query_strings_config {
      query_string_behavior = "none"
    }
  }
}

# For browsers: an API serves no pages.
resource "aws_cloudfront_response_headers_policy" "api" {
  # checkov:skip=CKV_AWS_259: the check requires preload, which only the owner of the root domain can decide
  name = "${local.name_prefix}-api"

  security_headers_config {
    strict_transport_security {
      access_control_max_age_sec = 31536000
      include_subdomains         = true
      override                   = true
    }

    content_type_options {
      override = true
    }

    frame_options {
      frame_option = "DENY"
      override     = true
    }

    referrer_policy {
      referrer_policy = "no-referrer"
      override        = true
    }

    content_security_policy {
      content_security_policy = "default-src 'none'; frame-ancestors 'none'"
      override                = true
    }
  }
}

resource "aws_cloudfront_distribution" "api" {
  # checkov:skip=CKV_AWS_86: requests are in the API's access log, blocked ones in the firewall's; this log would contain every client's address
  # checkov:skip=CKV_AWS_374: the owner decides in which countries a shop sells
  # checkov:skip=CKV_AWS_310: there is only one origin, the API
  # checkov:skip=CKV_AWS_305: an API has no root object
  # checkov:skip=CKV2_AWS_47: the Log4j rules are in local.managed_rules, which the check does not resolve
  comment         = "${local.name_prefix}: the API"
  enabled         = true
  is_ipv6_enabled = true
  http_version    = "http2and3"
  price_class     = var.price_class
  aliases         = [local.api_name]
  web_acl_id      = aws_wafv2_web_acl.api.arn

  origin {
    origin_id   = "api"
    domain_name = local.origin_name

    custom_origin_config {
      http_port                = 80
      https_port               = 443
      origin_protocol_policy   = "https-only"
      origin_ssl_protocols     = ["TLSv1.2"]
      origin_read_timeout      = 30
      origin_keepalive_timeout = 60
    }
  }

  default_cache_behavior {
    target_origin_id = "api"
    # No redirect: a client that sends a token without TLS has to fail at once.
    viewer_protocol_policy     = "https-only"
    allowed_methods            = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
    cached_methods             = ["GET", "HEAD"]
    compress                   = true
    cache_policy_id            = data.aws_cloudfront_cache_policy.disabled.id
    origin_request_policy_id   = data.aws_cloudfront_origin_request_policy.all_but_host.id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.api.id
  }

  ordered_cache_behavior {
    path_pattern               = "/.well-known/*"
    target_origin_id           = "api"
    viewer_protocol_policy     = "https-only"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    compress                   = true
    cache_policy_id            = aws_cloudfront_cache_policy.well_known.id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.api.id
  }

  # CloudFront caches errors for ten seconds by default, even if caching is disabled, so one customer would get the 404 of
  # another.
  dynamic "custom_error_response" {
    for_each = toset([400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504])

    content {
      error_code            = custom_error_response.value
      error_caching_min_ttl = 0
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn      = aws_acm_certificate_validation.api.certificate_arn
    minimum_protocol_version = "TLSv1.2_2021"
    ssl_support_method       = "sni-only"
  }

  # The DNS record has to exist before CloudFront resolves it.
  depends_on = [aws_route53_record.origin, aws_apigatewayv2_api_mapping.origin]
}

resource "aws_route53_record" "api" {
  for_each = toset(["A", "AAAA"])

  zone_id = var.hosted_zone_id
  name    = local.api_name
  type    = each.key

  alias {
    name                   = aws_cloudfront_distribution.api.domain_name
    zone_id                = aws_cloudfront_distribution.api.hosted_zone_id
    evaluate_target_health = false
  }
}

resource "aws_acm_certificate" "api" {
  provider = aws.us_east_1

  domain_name       = local.api_name
  validation_method = "DNS"

  lifecycle { create_before_destroy = true }
}

locals {
  api_validation = one(aws_acm_certificate.api.domain_validation_options)
}

resource "aws_route53_record" "api_certificate" {
  zone_id = var.hosted_zone_id
  name    = local.api_validation.resource_record_name
  type    = local.api_validation.resource_record_type
  records = [local.api_validation.resource_record_value]
  ttl     = 300

  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "api" {
  provider = aws.us_east_1

  certificate_arn         = aws_acm_certificate.api.arn
  validation_record_fqdns = [aws_route53_record.api_certificate.fqdn]
}
