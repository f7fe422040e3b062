# Key that signs access tokens. The private key never leaves KMS. KMS does not rotate asymmetric keys automatically, and
# API Gateway caches public keys for up to two hours, so a rotation has to publish both keys for that time.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

resource "aws_kms_key" "signing" {
  description              = "Signs the access tokens of ${local.name_prefix}"
  customer_master_key_spec = "RSA_2048"
  key_usage                = "SIGN_VERIFY"
  deletion_window_in_days  = 30 # without the key, tokens are invalid and sign-in fails

  # The account's root delegates to IAM policies, where only user's role may sign. No action is a wildcard, and none allows
  # another use of the key.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AsIamSays"
      Effect    = "Allow"
      Principal = { AWS = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root" }
      Action = [
        "kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:DescribeKey", "kms:DisableKey", "kms:EnableKey",
        "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:GetPublicKey", "kms:ListKeyPolicies", "kms:ListResourceTags",
        "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:Sign", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias",
        "kms:UpdateKeyDescription", "kms:Verify",
      ]
      Resource = "*" # in a key policy, the key itself
    }]
  })
}

resource "aws_kms_alias" "signing" {
  name          = "alias/${local.name_prefix}-token-signing"
  target_key_id = aws_kms_key.signing.key_id
}
