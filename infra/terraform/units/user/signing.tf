# The key that signs access tokens. Its private half never leaves KMS. KMS does not rotate keys of this kind by itself,
# and API Gateway keeps public keys for up to two hours: a change needs a time in which both are published.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

resource "aws_kms_key" "signing" {
  description              = "Signs the access tokens of ${local.name_prefix}"
  customer_master_key_spec = "RSA_2048"
  key_usage                = "SIGN_VERIFY"
  deletion_window_in_days  = 30 # without the key no token is good, and nobody can sign in

  # The account's root stands for "as IAM says", and there only user's role may sign. No action is a wildcard, and none
  # lets anybody use the key for what it is not for.
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
      Resource = "*" # in the policy of a key: this key
    }]
  })
}

resource "aws_kms_alias" "signing" {
  name          = "alias/${local.name_prefix}-token-signing"
  target_key_id = aws_kms_key.signing.key_id
}
