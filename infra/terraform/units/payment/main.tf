# payment: authorises and voids. A function on its inbox, its table and the relay of its events, the processor's key.

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

  # Half of the time that an order waits for its payment.
  oldest_message_alarm_seconds = 300

  subscriptions = { for subscription in local.queue.subscriptions : subscription.topic => {
    topic_arn = local.platform["topic_arn_${subscription.topic}"]
    types     = subscription.types
  } }
}

module "function" {
  source = "../../modules/function"

  name                     = "${local.name_prefix}-${local.function.name}"
  description              = "Authorises and voids payments"
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
    PAYMENT_TABLE   = module.table.name
    STRIPE_API_BASE = var.stripe_api_base
    RUST_LOG        = var.log_level

    # Where the key is, not the key: a function's configuration is in Terraform's state, and readable to everybody who
    # may list functions. The function reads the key when it starts, and again when it was rotated.
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

# The place of the processor's secret key. Its value is put there by hand, so that no state ever holds it. Until it is
# there, the function does not start, and says so in its log:
#   aws secretsmanager put-secret-value --secret-id shop-<environment>-payment-processor-key --secret-string file://…
resource "aws_secretsmanager_secret" "processor_key" {
  # checkov:skip=CKV2_AWS_57: the processor gives the key, so that nobody here can make the next one
  name                    = "${local.name_prefix}-payment-processor-key"
  description             = "The secret key of the account with the card processor"
  kms_key_id              = local.platform.kms_data_key_arn
  recovery_window_in_days = var.deletion_protection ? 30 : 7
}
