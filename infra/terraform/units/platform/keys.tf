# Two keys, for data and for the trail, so that access to data does not include access to the audit record.
#
# In a key policy, the resource "*" is the key itself. The account's root delegates permissions of roles to their IAM
# policies. No action is a wildcard.

locals {
  key_administration = [
    "kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:DescribeKey", "kms:DisableKey", "kms:DisableKeyRotation",
    "kms:EnableKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListGrants",
    "kms:ListKeyPolicies", "kms:ListKeyRotations", "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
  ]
  key_use = [
    "kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:RetireGrant", "kms:RevokeGrant",
  ]

  data_key_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AsIamSays"
        Effect    = "Allow"
        Principal = { AWS = local.account }
        Action    = concat(local.key_administration, local.key_use)
        Resource  = "*"
      },
      {
        Sid       = "LogGroupsOfThisAccount"
        Effect    = "Allow"
        Principal = { Service = "logs.${var.region}.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
        Resource  = "*"
        Condition = {
          ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:${local.partition}:logs:${var.region}:${local.account_id}:log-group:*" }
        }
      },
      {
        # Topics write to encrypted queues. Queue policies limit which topic writes to which queue.
        Sid       = "TopicsIntoQueues"
        Effect    = "Allow"
        Principal = { Service = "sns.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "*"
      },
      {
        # Services publish to the encrypted alarm topic. The topic's policy limits the account.
        Sid       = "AlarmsAndBudgets"
        Effect    = "Allow"
        Principal = { Service = ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"] }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "*"
      },
    ]
  })

  trail_arn = "arn:${local.partition}:cloudtrail:${var.region}:${local.account_id}:trail/${local.name_prefix}"

  audit_key_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AsIamSays"
        Effect    = "Allow"
        Principal = { AWS = local.account }
        Action    = concat(local.key_administration, ["kms:Decrypt"])
        Resource  = "*"
      },
      {
        Sid       = "ThisTrail"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = ["kms:DescribeKey", "kms:GenerateDataKey"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceArn" = local.trail_arn } }
      },
    ]
  })
}

resource "aws_kms_key" "data" {
  description             = "${local.name_prefix}: tables, queues, topics, logs, images, artifacts"
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_protection ? 30 : 7
  policy                  = local.data_key_policy
}

resource "aws_kms_alias" "data" {
  name          = "alias/${local.name_prefix}-data"
  target_key_id = aws_kms_key.data.key_id
}

resource "aws_kms_key" "audit" {
  count = var.cloudtrail_enabled ? 1 : 0

  description             = "${local.name_prefix}: the trail"
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_protection ? 30 : 7
  policy                  = local.audit_key_policy
}

resource "aws_kms_alias" "audit" {
  count = var.cloudtrail_enabled ? 1 : 0

  name          = "alias/${local.name_prefix}-audit"
  target_key_id = aws_kms_key.audit[0].key_id
}
