# Rules for requests that CloudFront forwards to the API.

locals {
  managed_rules = {
    # Addresses of known attackers.
    AWSManagedRulesAmazonIpReputationList = { priority = 10, count = [] }
    # Log4Shell and similar attacks.
    AWSManagedRulesKnownBadInputsRuleSet = { priority = 20, count = [] }
    AWSManagedRulesCommonRuleSet = {
      priority = 30
      # Counted, not blocked. NoUserAgent_HEADER: product and order, and perhaps API Gateway itself, fetch the issuer's keys
      # without a User-Agent. SizeRestrictions_BODY: 8 KB is too small for product texts, and services have their own limits.
      count = ["NoUserAgent_HEADER", "SizeRestrictions_BODY"]
    }
  }
}

resource "aws_wafv2_web_acl" "api" {
  # checkov:skip=CKV_AWS_192: AWSManagedRulesKnownBadInputsRuleSet is in local.managed_rules, which the check does not resolve
  provider = aws.us_east_1

  name  = "${local.name_prefix}-api"
  scope = "CLOUDFRONT"

  default_action {
    allow {}
  }

  rule {
    name     = "too-many-requests"
    priority = 0

    action {
      block {}
    }

    statement {
      rate_based_statement {
        limit                 = var.rate_limit
        aggregate_key_type    = "IP"
        evaluation_window_sec = 300
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${local.name_prefix}-too-many-requests"
      sampled_requests_enabled   = false
    }
  }

  # POST /v1/auth/… and POST /v1/users. The service limits attempts per account, this rule limits them per address.
  rule {
    name     = "too-many-sign-ins"
    priority = 1

    action {
      block {}
    }

    statement {
      rate_based_statement {
        limit                 = var.sign_in_rate_limit
        aggregate_key_type    = "IP"
        evaluation_window_sec = 300

        scope_down_statement {
          and_statement {
            statement {
              byte_match_statement {
                search_string         = "POST"
                positional_constraint = "EXACTLY"

                field_to_match {
                  method {}
                }

                text_transformation {
                  priority = 0
                  type     = "NONE"
                }
              }
            }

            statement {
              regex_match_statement {
                regex_string = "^/v1/(auth/|users/?$)"

                field_to_match {
                  uri_path {}
                }

                text_transformation {
                  priority = 0
                  type     = "URL_DECODE"
                }

                text_transformation {
                  priority = 1
                  type     = "NORMALIZE_PATH"
                }
              }
            }
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${local.name_prefix}-too-many-sign-ins"
      sampled_requests_enabled   = false
    }
  }

  dynamic "rule" {
    for_each = local.managed_rules

    content {
      name     = rule.key
      priority = rule.value.priority

      override_action {
        none {}
      }

      statement {
        managed_rule_group_statement {
          vendor_name = "AWS"
          name        = rule.key

          dynamic "rule_action_override" {
            for_each = rule.value.count

            content {
              name = rule_action_override.value

              action_to_use {
                count {}
              }
            }
          }
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "${local.name_prefix}-${rule.key}"
        # Samples would show complete requests to every user of the console.
        sampled_requests_enabled = false
      }
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "${local.name_prefix}-api"
    sampled_requests_enabled   = false
  }
}

# Logs only blocked requests, with the address but without other personal data and without secrets.
resource "aws_wafv2_web_acl_logging_configuration" "api" {
  count    = var.emulator ? 0 : 1
  provider = aws.us_east_1

  resource_arn            = aws_wafv2_web_acl.api.arn
  log_destination_configs = [aws_cloudwatch_log_group.firewall.arn]

  logging_filter {
    default_behavior = "DROP"

    filter {
      behavior    = "KEEP"
      requirement = "MEETS_ANY"

      condition {
        action_condition {
          action = "BLOCK"
        }
      }
    }
  }

  redacted_fields {
    single_header {
      name = "authorization"
    }
  }

  redacted_fields {
    single_header {
      name = "cookie"
    }
  }

  redacted_fields {
    query_string {}
  }
}

# The firewall requires this prefix of log groups.
resource "aws_cloudwatch_log_group" "firewall" {
  # checkov:skip=CKV_AWS_338: it contains client addresses; retention is set by the profile
  provider = aws.us_east_1

  name              = "aws-waf-logs-${local.name_prefix}"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.logs.arn
}

# Keys are regional, and the platform's key is in another Region.
resource "aws_kms_key" "logs" {
  provider = aws.us_east_1

  description             = "${local.name_prefix}: the firewall's log"
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_protection ? 30 : 7
  policy                  = local.log_key_policy
}

locals {
  log_key_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # "*" is the key itself, and the account's root delegates to IAM policies.
        Sid       = "AsIamSays"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account_id}:root" }
        Action = [
          "kms:CancelKeyDeletion", "kms:CreateAlias", "kms:CreateGrant", "kms:Decrypt", "kms:DeleteAlias", "kms:DescribeKey", "kms:DisableKey",
          "kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListGrants",
          "kms:ListKeyPolicies", "kms:ListKeyRotations", "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:RetireGrant", "kms:RevokeGrant",
          "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
        ]
        Resource = "*"
      },
      {
        Sid       = "LogGroupsOfThisAccount"
        Effect    = "Allow"
        Principal = { Service = "logs.us-east-1.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
        Resource  = "*"
        Condition = {
          ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:${local.partition}:logs:us-east-1:${local.account_id}:log-group:*" }
        }
      },
    ]
  })
}
