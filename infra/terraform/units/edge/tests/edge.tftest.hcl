# Invariants of edge. Offline tests, as those of platform.

mock_provider "aws" {
  override_during = plan
  source          = "../../testing"
}

mock_provider "aws" {
  alias           = "us_east_1"
  override_during = plan
  source          = "../../testing"
}

variables {
  environment    = "test"
  domain_name    = "test.shop.example"
  hosted_zone_id = "Z0123456789"
  origin_secret  = "0123456789abcdef0123456789abcdef"
}

run "tls_is_required_on_both_sides" {
  command = plan

  assert {
    condition = alltrue([
      for behavior in concat(aws_cloudfront_distribution.api.default_cache_behavior, aws_cloudfront_distribution.api.ordered_cache_behavior) :
      behavior.viewer_protocol_policy == "https-only" && behavior.response_headers_policy_id == aws_cloudfront_response_headers_policy.api.id
    ])
    error_message = "Every behavior must require TLS and set the security headers."
  }
  assert {
    condition     = one(one(aws_cloudfront_distribution.api.origin).custom_origin_config).origin_protocol_policy == "https-only" && one(aws_cloudfront_distribution.api.viewer_certificate).minimum_protocol_version == "TLSv1.2_2021"
    error_message = "Both sides must use TLS 1.2 or newer."
  }
}

run "only_keys_are_cached" {
  command = plan

  assert {
    condition     = one(aws_cloudfront_distribution.api.default_cache_behavior).cache_policy_id == data.aws_cloudfront_cache_policy.disabled.id
    error_message = "Responses of the API must not be cached."
  }
  assert {
    condition     = one(aws_cloudfront_distribution.api.ordered_cache_behavior).path_pattern == "/.well-known/*" && aws_cloudfront_cache_policy.well_known.max_ttl <= 300
    error_message = "Keys must be cached for five minutes at most."
  }
  assert {
    condition     = alltrue([for response in aws_cloudfront_distribution.api.custom_error_response : response.error_caching_min_ttl == 0]) && length(aws_cloudfront_distribution.api.custom_error_response) == 11
    error_message = "No error must be cached."
  }
}

run "the_firewall_covers_all_requests" {
  command = plan

  assert {
    condition     = aws_cloudfront_distribution.api.web_acl_id == aws_wafv2_web_acl.api.arn && aws_wafv2_web_acl.api.scope == "CLOUDFRONT"
    error_message = "The distribution must use the firewall."
  }
  assert {
    condition = toset([for rule in aws_wafv2_web_acl.api.rule : rule.name]) == toset([
      "too-many-requests", "too-many-sign-ins", "AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesCommonRuleSet",
    ])
    error_message = "The firewall must have exactly these rules."
  }
  assert {
    condition     = contains(local.managed_rules.AWSManagedRulesCommonRuleSet.count, "NoUserAgent_HEADER")
    error_message = "Requests without a User-Agent must not be blocked, because services fetch the issuer's keys that way."
  }
}

run "only_cloudfront_knows_the_origin" {
  command = plan

  assert {
    condition = (
      nonsensitive(aws_apigatewayv2_domain_name.origin.domain_name) == "0123456789abcdef0123456789abcdef.origin.test.shop.example"
      && nonsensitive(one(aws_cloudfront_distribution.api.origin).domain_name) == nonsensitive(aws_apigatewayv2_domain_name.origin.domain_name)
    )
    error_message = "CloudFront and API Gateway must use the same secret name."
  }
  assert {
    condition     = aws_acm_certificate.origin.domain_name == "*.origin.test.shop.example"
    error_message = "The secret must not be in a certificate, because certificates are published."
  }
  assert {
    condition     = alltrue([for parameter in aws_ssm_parameter.this : !strcontains(nonsensitive(parameter.value), "0123456789abcdef")])
    error_message = "The secret must not be in a parameter."
  }
}

run "the_log_contains_no_tokens" {
  command = plan

  assert {
    condition     = length(aws_wafv2_web_acl_logging_configuration.api[0].redacted_fields) == 3
    error_message = "Tokens, cookies and queries must not be logged."
  }
}

run "a_weak_secret_is_rejected" {
  command = plan

  variables {
    origin_secret = "origin"
  }

  expect_failures = [var.origin_secret]
}
