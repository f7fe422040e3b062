# Topics of infra/topology.json. The roles and queues of the services grant access to publishers and subscribers. This
# policy grants none outside the account.

resource "aws_sns_topic" "events" {
  for_each = toset(local.topology.topics)

  name              = "${local.name_prefix}-${each.key}"
  kms_master_key_id = aws_kms_key.data.arn
}

locals {
  topic_names = merge(
    { for name in local.topology.topics : name => "${local.name_prefix}-${name}" },
    { alarms = "${local.name_prefix}-alarms" },
  )
  topic_arns = { for key, name in local.topic_names : key => "arn:${local.partition}:sns:${var.region}:${local.account_id}:${name}" }

  topic_policies = {
    for key, arn in local.topic_arns : key => jsonencode({
      Version = "2012-10-17"
      Statement = concat(
        [
          {
            Sid       = "AsIamSays"
            Effect    = "Allow"
            Principal = { AWS = local.account }
            Action = [
              "sns:AddPermission", "sns:DeleteTopic", "sns:GetDataProtectionPolicy", "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic",
              "sns:ListTagsForResource", "sns:Publish", "sns:RemovePermission", "sns:SetTopicAttributes", "sns:Subscribe",
              "sns:TagResource", "sns:UntagResource",
            ]
            Resource = arn
          },
          {
            Sid       = "NeverInTheClear"
            Effect    = "Deny"
            Principal = "*"
            Action    = "sns:Publish"
            Resource  = arn
            Condition = { Bool = { "aws:SecureTransport" = "false" } }
          },
        ],
        key != "alarms" ? [] : [
          {
            Sid       = "AlarmsOfThisAccount"
            Effect    = "Allow"
            Principal = { Service = "cloudwatch.amazonaws.com" }
            Action    = "sns:Publish"
            Resource  = arn
            Condition = {
              StringEquals = { "aws:SourceAccount" = local.account_id }
              ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:cloudwatch:${var.region}:${local.account_id}:alarm:*" }
            }
          },
          {
            Sid       = "BudgetsOfThisAccount"
            Effect    = "Allow"
            Principal = { Service = "budgets.amazonaws.com" }
            Action    = "sns:Publish"
            Resource  = arn
            Condition = {
              StringEquals = { "aws:SourceAccount" = local.account_id }
              ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:budgets::${local.account_id}:*" }
            }
          },
        ],
      )
    })
  }
}

resource "aws_sns_topic_policy" "events" {
  for_each = aws_sns_topic.events

  arn    = each.value.arn
  policy = local.topic_policies[each.key]
}
