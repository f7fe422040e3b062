# Lambda function: code, role, logs, the alias `live`, and event sources.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  alias = "live"

  arn = join(":", [
    "arn", data.aws_partition.current.partition, "lambda", data.aws_region.current.id,
    data.aws_caller_identity.current.account_id, "function", var.name,
  ])

  # Selects outbox items from a table's stream by the attribute `event`. It includes modified items, so that an operator can
  # republish an event by modifying its item.
  outbox_items = jsonencode({ dynamodb = { NewImage = { event = { S = [{ exists = true }] } } } })

  own_statements = [
    {
      Sid       = "WriteOwnLog"
      Effect    = "Allow"
      Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource  = ["${aws_cloudwatch_log_group.this.arn}:log-stream:*"] # Lambda generates stream names
      Condition = null
    },
    {
      Sid       = "SendTraces"
      Effect    = "Allow"
      Action    = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      Resource  = ["*"] # these X-Ray actions do not support resources
      Condition = null
    },
    {
      Sid       = "ReadOwnSettings"
      Effect    = "Allow"
      Action    = ["kms:Decrypt"]
      Resource  = [var.kms_key_arn]
      Condition = { StringEquals = { "kms:EncryptionContext:aws:lambda:FunctionArn" = [local.arn] } }
    },
  ]

  queue_statements = flatten([for queue in var.queue[*] : [
    {
      Sid       = "ReadQueue"
      Effect    = "Allow"
      Action    = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
      Resource  = [queue.arn]
      Condition = null
    },
    {
      Sid       = "DecryptQueue"
      Effect    = "Allow"
      Action    = ["kms:Decrypt"]
      Resource  = [var.kms_key_arn]
      Condition = { StringEquals = { "kms:ViaService" = ["sqs.${data.aws_region.current.id}.amazonaws.com"] } }
    },
  ]])

  stream_statements = flatten([for stream in var.stream[*] : [
    {
      Sid       = "ReadStream"
      Effect    = "Allow"
      Action    = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
      Resource  = [stream.arn]
      Condition = null
    },
    {
      Sid       = "FindStream"
      Effect    = "Allow"
      Action    = ["dynamodb:ListStreams"]
      Resource  = ["${stream.table_arn}/stream/*"] # ListStreams does not support a single stream
      Condition = null
    },
    {
      Sid       = "DecryptStream"
      Effect    = "Allow"
      Action    = ["kms:Decrypt"]
      Resource  = [var.kms_key_arn]
      Condition = { StringEquals = { "kms:ViaService" = ["dynamodb.${data.aws_region.current.id}.amazonaws.com"] } }
    },
    {
      Sid       = "ReportLostRecords"
      Effect    = "Allow"
      Action    = ["sqs:SendMessage"]
      Resource  = aws_sqs_queue.failures[*].arn
      Condition = null
    },
    {
      Sid       = "EncryptLostRecords"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = [var.kms_key_arn]
      Condition = { StringEquals = { "kms:ViaService" = ["sqs.${data.aws_region.current.id}.amazonaws.com"] } }
    },
  ]])

  # IAM rejects statements with null values.
  statements = [
    for statement in concat(local.own_statements, local.queue_statements, local.stream_statements, var.statements) :
    { for name, value in statement : name => value if value != null }
  ]
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements })
}

resource "aws_cloudwatch_log_group" "this" {
  # checkov:skip=CKV_AWS_338: retention is set by the profile; long-term data is in stores and metrics
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_iam_role" "this" {
  name                 = var.name
  description          = "Permissions of ${var.name}"
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name   = "own-calls"
  role   = aws_iam_role.this.id
  policy = local.policy
}

resource "aws_lambda_function" "this" {
  # checkov:skip=CKV_AWS_116: the function is not invoked asynchronously; its queue and stream have failure destinations
  # checkov:skip=CKV_AWS_117: it needs no resource in the VPC, where outbound traffic would cost NAT
  # checkov:skip=CKV_AWS_272: signing requires a profile of the account owner, and the emulator does not support it
  function_name = var.name
  description   = var.description
  role          = aws_iam_role.this.arn
  package_type  = "Zip"
  runtime       = "provided.al2023"
  handler       = "bootstrap"
  architectures = ["arm64"]
  memory_size   = var.memory_mb
  timeout       = var.timeout_seconds
  kms_key_arn   = var.kms_key_arn
  publish       = true # every change creates a version that the alias can point to

  s3_bucket         = var.artifact.bucket
  s3_key            = var.artifact.key
  s3_object_version = var.artifact.version
  filename          = var.artifact.file
  source_code_hash  = var.artifact.file == null ? null : filebase64sha256(var.artifact.file)

  reserved_concurrent_executions = var.reserved_concurrency == null ? -1 : var.reserved_concurrency

  environment {
    variables = merge(var.environment, { for queue in aws_sqs_queue.failures : "FAILURES_QUEUE_URL" => queue.url })
  }

  logging_config {
    log_format = "Text" # the services write JSON lines themselves
    log_group  = aws_cloudwatch_log_group.this.name
  }

  tracing_config {
    mode = "Active"
  }

  lifecycle {
    # Terraform creates the function. Releases deploy its code (infra/deploy). An apply that changes a setting publishes it
    # with the latest code and never brings back old code.
    ignore_changes = [filename, s3_bucket, s3_key, s3_object_version, source_code_hash]

    precondition {
      condition     = var.queue == null || try(var.queue.visibility_timeout_seconds >= 6 * var.timeout_seconds, false)
      error_message = "The queue's visibility timeout must be at least six times the function's timeout."
    }
    precondition {
      condition     = var.queue == null || var.reserved_concurrency == null || try(var.reserved_concurrency >= var.queue.maximum_concurrency, false)
      error_message = "Reserved concurrency must be at least the queue's maximum concurrency, otherwise throttled messages become dead letters."
    }
  }

  depends_on = [aws_iam_role_policy.this]
}

# All callers invoke this alias. Terraform creates it. CodeDeploy moves it between versions, with part of the traffic
# first, and back on an alarm.
resource "aws_lambda_alias" "live" {
  name             = local.alias
  description      = "The live version"
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version

  lifecycle {
    ignore_changes = [function_version, routing_config]
  }
}

resource "aws_lambda_event_source_mapping" "queue" {
  count = var.queue == null ? 0 : 1

  event_source_arn        = var.queue.arn
  function_name           = aws_lambda_alias.live.arn
  batch_size              = var.queue.batch_size
  function_response_types = ["ReportBatchItemFailures"] # a poison message does not fail its batch

  scaling_config {
    maximum_concurrency = var.queue.maximum_concurrency
  }
}

resource "aws_lambda_event_source_mapping" "stream" {
  count = var.stream == null ? 0 : 1

  event_source_arn               = var.stream.arn
  function_name                  = aws_lambda_alias.live.arn
  starting_position              = "TRIM_HORIZON" # includes events that were committed before the mapping existed
  batch_size                     = var.stream.batch_size
  function_response_types        = ["ReportBatchItemFailures"]
  bisect_batch_on_function_error = true

  # By age, not by number: an outage of the topic delays events and loses none. The function itself moves what can never be
  # published to the failure queue. A stream keeps records for 24 hours.
  maximum_retry_attempts        = -1
  maximum_record_age_in_seconds = 23 * 60 * 60

  filter_criteria {
    filter {
      pattern = local.outbox_items
    }
  }

  destination_config {
    on_failure {
      destination_arn = aws_sqs_queue.failures[0].arn
    }
  }
}

# Failure queue: events that can never be published, sent by the function, and references to records that Lambda discarded
# after 23 hours. The events are still in the table. Only operators receive from this queue.
resource "aws_sqs_queue" "failures" {
  count = var.stream == null ? 0 : 1

  name                              = "${var.name}-failures-dlq"
  message_retention_seconds         = 14 * 24 * 60 * 60
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = 300
}
