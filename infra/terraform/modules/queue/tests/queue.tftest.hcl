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

run "both_queues_are_encrypted_and_dead_letters_live_longest" {
  command = apply

  assert {
    condition     = alltrue([for queue in [aws_sqs_queue.this, aws_sqs_queue.dead_letters] : queue.kms_master_key_id == var.kms_key_arn])
    error_message = "A queue is not encrypted with our key."
  }

  assert {
    condition     = aws_sqs_queue.dead_letters.message_retention_seconds == 1209600 && aws_sqs_queue.this.message_retention_seconds < 1209600
    error_message = "A dead letter keeps its age: it would be gone before anybody looks."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.this.redrive_policy) == { deadLetterTargetArn = aws_sqs_queue.dead_letters.arn, maxReceiveCount = 5 }
    error_message = "The queue has no dead-letter queue."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue_redrive_allow_policy.dead_letters.redrive_allow_policy).sourceQueueArns == [aws_sqs_queue.this.arn]
    error_message = "Other queues may put their dead letters here."
  }
}

run "only_subscribed_topics_send" {
  command = apply

  assert {
    condition = alltrue([for policy in [aws_sqs_queue_policy.this, aws_sqs_queue_policy.dead_letters] :
      [for statement in jsondecode(policy.policy).Statement : statement.Condition if statement.Effect == "Allow"]
    == [{ ArnEquals = { "aws:SourceArn" = ["arn:aws:sns:eu-central-1:111122223333:shop-test-order-events"] } }]])
    error_message = "Somebody else than the subscribed topics may send."
  }

  assert {
    condition = alltrue([for policy in [aws_sqs_queue_policy.this, aws_sqs_queue_policy.dead_letters] :
      length([for statement in jsondecode(policy.policy).Statement : statement if statement.Effect == "Deny" && try(statement.Condition.Bool["aws:SecureTransport"], "") == "false"]) == 1
    ])
    error_message = "A queue may be reached without TLS."
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
    error_message = "The subscription is not raw, or not filtered by the attribute `type`."
  }
}

run "without_subscriptions_nobody_is_allowed_by_the_queue" {
  command = apply

  variables {
    subscriptions = {}
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_sqs_queue_policy.this.policy).Statement : statement.Effect == "Deny"])
    error_message = "A queue without topics lets somebody in."
  }
}

run "a_subscription_needs_types" {
  command = plan

  variables {
    subscriptions = { order-events = { topic_arn = "arn:aws:sns:eu-central-1:111122223333:shop-test-order-events", types = [] } }
  }

  expect_failures = [var.subscriptions]
}
