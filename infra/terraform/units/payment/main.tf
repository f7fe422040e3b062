# payment: authorizations and voids. A function with its inbox, its table, its outbox relay, and the processor's key.

locals {
  function = one([for function in local.topology.functions : function if function.name == "payment"])
  relay    = one([for function in local.topology.functions : function if function.name == "payment-outbox-relay"])
  table    = one([for table in local.topology.tables : table if table.name == "payment"])
  queue    = one([for queue in local.topology.queues : queue if queue.consumer == "payment"])
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

  # Half of the time for which an order waits for its payment.
  oldest_message_alarm_seconds = 300

  subscriptions = { for subscription in local.queue.subscriptions : subscription.topic => {
    topic_arn = local.platform["topic_arn_${subscription.topic}"]
    types     = subscription.types
  } }
}

module "function" {
  source = "../../modules/function"

  name                     = "${local.name_prefix}-${local.function.name}"
  description              = "Authorizes and voids payments"
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
    PAYMENT_INBOX_URL = module.inbox.url
    PAYMENT_TABLE     = module.table.name
    STRIPE_API_BASE   = var.stripe_api_base
    RUST_LOG          = var.log_level

    # The ARN of the key instead of the key: a function's configuration is stored in Terraform's state, and every principal
    # that may list functions can read it. The function reads the key at start, and again after a rotation.
    STRIPE_SECRET_KEY_ARN = aws_secretsmanager_secret.processor_key.arn
  }

  queue = {
    arn                        = module.inbox.arn
    visibility_timeout_seconds = module.inbox.visibility_timeout_seconds
    batch_size                 = local.function.trigger.batch_size
    maximum_concurrency        = local.function.trigger.maximum_concurrency
  }

  statements = [
    {
      Sid      = "UseTable"
      Effect   = "Allow"
      Action   = ["dynamodb:GetItem", "dynamodb:PutItem"]
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
      Sid      = "ReadProcessorKey"
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = [aws_secretsmanager_secret.processor_key.arn]
    },
    {
      Sid       = "DecryptProcessorKey"
      Effect    = "Allow"
      Action    = ["kms:Decrypt"]
      Resource  = [local.platform.kms_data_key_arn]
      Condition = { StringEquals = { "kms:ViaService" = ["secretsmanager.${var.region}.amazonaws.com"] } }
    },
  ]
}

module "relay" {
  source = "../../modules/outbox-relay"

  name                     = "${local.name_prefix}-${local.relay.name}"
  artifact                 = merge(var.relay_artifact, { bucket = var.relay_artifact.key == null ? null : local.platform.artifacts_bucket })
  memory_mb                = local.relay.memory_mb
  timeout_seconds          = local.relay.timeout_seconds
  batch_size               = local.relay.trigger.batch_size
  reserved_concurrency     = var.relay_reserved_concurrency
  table_arn                = module.table.arn
  stream_arn               = module.table.stream_arn
  topic_arn                = local.platform["topic_arn_${local.table.topic}"]
  kms_key_arn              = local.platform.kms_data_key_arn
  log_retention_days       = var.log_retention_days
  log_level                = var.log_level
  alarm_topic_arn          = local.platform.alarm_topic_arn
  deployment_config        = var.function_deployment_config
  permissions_boundary_arn = var.permissions_boundary_arn
  emulator                 = var.emulator
}

# Secret key of the card processor. Its value is set manually, so that no state contains it. Without it, the function
# handles no message and logs the reason:
#   aws secretsmanager put-secret-value --secret-id shop-<environment>-payment-processor-key --secret-string file://…
resource "aws_secretsmanager_secret" "processor_key" {
  # checkov:skip=CKV2_AWS_57: the processor issues the key, so it cannot be rotated automatically
  name                    = "${local.name_prefix}-payment-processor-key"
  description             = "Secret key of the card processor"
  kms_key_id              = local.platform.kms_data_key_arn
  recovery_window_in_days = var.deletion_protection ? 30 : 7
}
