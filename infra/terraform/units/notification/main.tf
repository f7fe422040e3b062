# notification: mail to customers. A function with its inbox, its table, and the SES identity.

locals {
  function = one([for function in local.topology.functions : function if function.name == "notification"])
  table    = one([for table in local.topology.tables : table if table.name == "notification"])
  queue    = one([for queue in local.topology.queues : queue if queue.consumer == "notification"])

  # The address without the display name, for the condition below.
  sender = trimspace(trimsuffix(reverse(split("<", var.mail_from))[0], ">"))
}

module "table" {
  source = "../../modules/table"

  name                = "${local.name_prefix}-${local.table.name}"
  indexes             = local.table.indexes
  stream              = local.table.topic != null
  kms_key_arn         = local.platform.kms_data_key_arn
  deletion_protection = var.deletion_protection
  alarm_topic_arn     = local.platform.alarm_topic_arn
}

module "inbox" {
  source = "../../modules/queue"

  name                       = "${local.name_prefix}-${local.queue.name}"
  visibility_timeout_seconds = local.queue.visibility_timeout_seconds
  max_receive_count          = local.queue.max_receive_count
  kms_key_arn                = local.platform.kms_data_key_arn
  alarm_topic_arn            = local.platform.alarm_topic_arn

  # The alarm is for mails that SES has throttled for long, not for a single backoff, which is at most five minutes.
  oldest_message_alarm_seconds = 3 * local.queue.visibility_timeout_seconds

  subscriptions = { for subscription in local.queue.subscriptions : subscription.topic => {
    topic_arn = local.platform["topic_arn_${subscription.topic}"]
    types     = subscription.types
  } }
}

module "function" {
  source = "../../modules/function"

  name                     = "${local.name_prefix}-${local.function.name}"
  description              = "Notifies customers about their accounts and orders"
  artifact                 = merge(var.artifact, { bucket = var.artifact.key == null ? null : local.platform.artifacts_bucket })
  memory_mb                = local.function.memory_mb
  timeout_seconds          = local.function.timeout_seconds
  reserved_concurrency     = var.reserved_concurrency
  kms_key_arn              = local.platform.kms_data_key_arn
  log_retention_days       = var.log_retention_days
  alarm_topic_arn          = local.platform.alarm_topic_arn
  p99_alarm_ms             = var.p99_alarm_ms
  deployment_config        = var.function_deployment_config
  permissions_boundary_arn = var.permissions_boundary_arn
  emulator                 = var.emulator

  environment = {
    NOTIFICATION_INBOX_URL = module.inbox.url
    NOTIFICATION_TABLE     = module.table.name
    MAIL_FROM              = var.mail_from
    STOREFRONT_URL         = var.storefront_url
    RUST_LOG               = var.log_level
  }

  queue = {
    arn                        = module.inbox.arn
    visibility_timeout_seconds = module.inbox.visibility_timeout_seconds
    batch_size                 = local.function.trigger.batch_size
    maximum_concurrency        = local.function.trigger.maximum_concurrency
  }

  statements = [
    {
      Sid    = "UseTable"
      Effect = "Allow"
      Action = [
        "dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:GetItem",
        "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem",
      ]
      Resource = [module.table.arn]
    },
    {
      Sid       = "DecryptTable"
      Effect    = "Allow"
      Action    = ["kms:Decrypt"]
      Resource  = [local.platform.kms_data_key_arn]
      Condition = { StringEquals = { "kms:ViaService" = ["dynamodb.${var.region}.amazonaws.com"] } }
    },
    {
      Sid      = "PostponeMessages"
      Effect   = "Allow"
      Action   = ["sqs:ChangeMessageVisibility"]
      Resource = [module.inbox.arn]
    },
    {
      Sid      = "RejectMessages"
      Effect   = "Allow"
      Action   = ["sqs:SendMessage"]
      Resource = [module.inbox.dead_letter_arn]
    },
    {
      Sid       = "EncryptRejectedMessages"
      Effect    = "Allow"
      Action    = ["kms:GenerateDataKey"] # `DecryptQueue` of the module allows kms:Decrypt
      Resource  = [local.platform.kms_data_key_arn]
      Condition = { StringEquals = { "kms:ViaService" = ["sqs.${var.region}.amazonaws.com"] } }
    },
    {
      Sid       = "SendMails"
      Effect    = "Allow"
      Action    = ["ses:SendEmail"]
      Resource  = [aws_sesv2_email_identity.sender.arn]
      Condition = { StringEquals = { "ses:FromAddress" = [local.sender] } }
    },
    {
      # Opens the connection to SES during initialization.
      Sid      = "AskSes"
      Effect   = "Allow"
      Action   = ["ses:GetAccount"]
      Resource = ["*"] # GetAccount does not support resources
    },
  ]
}

# In the sandbox, SES sends to verified addresses only. AWS grants production access on request.
resource "aws_sesv2_email_identity" "sender" {
  email_identity = var.mail_domain

  dkim_signing_attributes {
    next_signing_key_length = "RSA_2048_BIT"
  }
}
