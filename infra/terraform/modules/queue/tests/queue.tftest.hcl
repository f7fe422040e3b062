mock_provider "aws" {
  source = "../../testing"
}

variables {
  name                       = "shop-test-inbox"
  visibility_timeout_seconds = 90
  max_receive_count          = 5
  kms_key_arn                = "arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-4000-8000-000000000000"
  alarm_topic_arn            = "arn:aws:sns:eu-central-1:111122223333:shop-test-alarms"
  subscriptions = {
    order-events = {
      topic_arn = "arn:aws:sns:eu-central-1:111122223333:shop-test-order-events"
      types     = ["shop.order.placed.v1"]
    }
  }
}

run "both_queues_are_encrypted_and_dead_letters_are_kept_longest" {
  command = apply

  assert {
    condition     = alltrue([for queue in [aws_sqs_queue.this, aws_sqs_queue.dead_letters] : queue.kms_master_key_id == var.kms_key_arn])
    error_message = "Queues must be encrypted with the platform's key."
  }

  assert {
    condition     = aws_sqs_queue.dead_letters.message_retention_seconds == 1209600 && aws_sqs_queue.this.message_retention_seconds < 1209600
    error_message = "Dead letters keep their age, so their retention must exceed that of the queue."
  }

  assert {
    condition     = aws_sqs_queue.this.message_retention_seconds >= 10 * 24 * 60 * 60
    error_message = "A consumer that is off over a long weekend must lose nothing."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.this.redrive_policy) == { deadLetterTargetArn = aws_sqs_queue.dead_letters.arn, maxReceiveCount = 5 }
    error_message = "The queue must have a dead-letter queue."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue_redrive_allow_policy.dead_letters.redrive_allow_policy).sourceQueueArns == [aws_sqs_queue.this.arn]
    error_message = "Only this queue may use the dead-letter queue."
  }
}

run "only_subscribed_topics_may_send" {
  command = apply

  assert {
    condition = alltrue([for policy in [aws_sqs_queue_policy.this, aws_sqs_queue_policy.dead_letters] :
      [for statement in jsondecode(policy.policy).Statement : statement.Condition if statement.Effect == "Allow"]
    == [{ ArnEquals = { "aws:SourceArn" = ["arn:aws:sns:eu-central-1:111122223333:shop-test-order-events"] } }]])
    error_message = "Only subscribed topics may send."
  }

  assert {
    condition = alltrue([for policy in [aws_sqs_queue_policy.this, aws_sqs_queue_policy.dead_letters] :
      length([for statement in jsondecode(policy.policy).Statement : statement if statement.Effect == "Deny" && try(statement.Condition.Bool["aws:SecureTransport"], "") == "false"]) == 1
    ])
    error_message = "Queues must require TLS."
  }
}

run "delivery_is_raw_and_filtered" {
  command = apply

  assert {
    condition = (
      aws_sns_topic_subscription.this["order-events"].raw_message_delivery
      && aws_sns_topic_subscription.this["order-events"].filter_policy_scope == "MessageAttributes"
      && jsondecode(aws_sns_topic_subscription.this["order-events"].filter_policy) == { type = ["shop.order.placed.v1"] }
    )
    error_message = "Subscriptions must use raw delivery and filter by `type`."
  }
}

run "without_subscriptions_the_queue_policy_allows_no_sender" {
  command = apply

  variables {
    subscriptions = {}
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_sqs_queue_policy.this.policy).Statement : statement.Effect == "Deny"])
    error_message = "The policy of a queue without topics must allow no sender."
  }
}

run "a_subscription_requires_types" {
  command = plan

  variables {
    subscriptions = { order-events = { topic_arn = "arn:aws:sns:eu-central-1:111122223333:shop-test-order-events", types = [] } }
  }

  expect_failures = [var.subscriptions]
}
