# Outbox relay of one table: reads its stream and publishes to its owner's topic. It has no other permissions.

data "aws_region" "current" {}

module "function" {
  source = "../function"

  name            = var.name
  description     = "Publishes the committed events of a DynamoDB table"
  artifact        = var.artifact
  memory_mb       = var.memory_mb
  timeout_seconds = var.timeout_seconds

  # Not reserved by default. A relay needs no limit: it runs once per shard of the stream at a time, and a table has about one
  # shard per 1,000 writes/s or 10 GB. A reservation below that number makes shards wait for one another: 10 are too few for a
  # table of more than 100 GB, and the number of shards grows without a deployment. It needs no guarantee either, as long as
  # the functions that customers invoke have reservations, which limit them: Lambda keeps at least 100 of the account's
  # concurrency for functions without one. Reserve only in an account that is shared with functions without a limit, and
  # more than the number of shards.
  reserved_concurrency     = var.reserved_concurrency
  kms_key_arn              = var.kms_key_arn
  log_retention_days       = var.log_retention_days
  alarm_topic_arn          = var.alarm_topic_arn
  p99_alarm_ms             = var.timeout_seconds * 1000 / 2
  deployment_config        = var.deployment_config
  permissions_boundary_arn = var.permissions_boundary_arn
  emulator                 = var.emulator

  environment = {
    TOPIC_ARN = var.topic_arn
    RUST_LOG  = var.log_level
  }

  stream = {
    arn        = var.stream_arn
    table_arn  = var.table_arn
    batch_size = var.batch_size
  }

  statements = [
    {
      Sid      = "Publish"
      Effect   = "Allow"
      Action   = ["sns:GetTopicAttributes", "sns:Publish"] # GetTopicAttributes opens the connection during initialization
      Resource = [var.topic_arn]
    },
    {
      Sid       = "EncryptEvents"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = [var.kms_key_arn]
      Condition = { StringEquals = { "kms:ViaService" = ["sns.${data.aws_region.current.id}.amazonaws.com"] } }
    },
  ]
}
