# Queue with dead-letter queue, subscriptions to topics, and alarms.

locals {
  # The maximum of SQS. A dead letter keeps the age of its first enqueue, so this has to exceed the retention of the source
  # queue. Ten days there: a consumer that is down over a long weekend loses nothing.
  dead_letter_retention_seconds = 14 * 24 * 60 * 60
  retention_seconds             = 10 * 24 * 60 * 60

  topic_arns = sort([for subscription in var.subscriptions : subscription.topic_arn])

  # Policies name the ARN of their queue instead of `*`, so that a copied statement grants nothing.
  plain_text_is_refused = {
    for queue, arn in { main = aws_sqs_queue.this.arn, dead_letters = aws_sqs_queue.dead_letters.arn } : queue => {
      Sid                    = "RefusePlainText"
      Effect                 = "Deny"
      Principal              = { AWS = "*" }
      Action                 = ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:PurgeQueue"]
      Resource               = arn
      Condition              = { Bool = { "aws:SecureTransport" = "false" } }
    }
  }

  topics_may_send = {
    for queue, arn in { main = aws_sqs_queue.this.arn, dead_letters = aws_sqs_queue.dead_letters.arn } : queue => {
      Sid                    = "SubscribedTopicsSend"
      Effect                 = "Allow"
      Principal              = { Service = "sns.amazonaws.com" }
      Action                 = ["sqs:SendMessage"]
      Resource               = arn
      Condition              = { ArnEquals = { "aws:SourceArn" = local.topic_arns } }
    }
  }

  statements = {
    for queue in ["main", "dead_letters"] : queue => concat(
      [local.plain_text_is_refused[queue]],
      [for statement in [local.topics_may_send[queue]] : statement if length(local.topic_arns) > 0],
    )
  }
}

resource "aws_sqs_queue" "dead_letters" {
  name                              = "${var.name}-dlq"
  message_retention_seconds         = local.dead_letter_retention_seconds
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = 300
}

resource "aws_sqs_queue" "this" {
  name                              = var.name
  visibility_timeout_seconds        = var.visibility_timeout_seconds
  message_retention_seconds         = local.retention_seconds
  receive_wait_time_seconds         = 20
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = 300

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = var.max_receive_count
  })
}

resource "aws_sqs_queue_redrive_allow_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.id

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.this.arn]
  })
}

resource "aws_sqs_queue_policy" "this" {
  queue_url = aws_sqs_queue.this.id
  policy    = jsonencode({ Version = "2012-10-17", Statement = local.statements.main })
}

resource "aws_sqs_queue_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.id
  policy    = jsonencode({ Version = "2012-10-17", Statement = local.statements.dead_letters })
}

resource "aws_sns_topic_subscription" "this" {
  for_each = var.subscriptions

  topic_arn            = each.value.topic_arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.this.arn
  raw_message_delivery = true
  filter_policy_scope  = "MessageAttributes"
  filter_policy        = jsonencode({ type = each.value.types })

  # SNS does not retry after a client error, such as a broken queue policy. With raw delivery, such a message has the same
  # form as any other dead letter and can be redriven in the same way.
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters.arn })

  # SNS does not check the policies when it subscribes, and messages are lost until the policies exist.
  depends_on = [aws_sqs_queue_policy.this, aws_sqs_queue_policy.dead_letters]
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  alarm_name          = "${var.name}-dead-letters"
  alarm_description   = "${var.name} has dead letters. Inspect them before a redrive: the attribute `reason` is set by the consumer, and absent after ${var.max_receive_count} receives."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead_letters.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching" # SQS publishes no metrics of an idle queue
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]
}

resource "aws_cloudwatch_metric_alarm" "oldest_message" {
  alarm_name          = "${var.name}-oldest-message"
  alarm_description   = "The oldest message of ${var.name} is older than ${var.oldest_message_alarm_seconds} s: its consumer is slow, stuck or down."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.this.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3
  threshold           = var.oldest_message_alarm_seconds
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]
}
