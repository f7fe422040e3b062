output "arn" {
  description = "ARN of the queue."
  value       = aws_sqs_queue.this.arn
}

output "url" {
  description = "Where to receive from."
  value       = aws_sqs_queue.this.url
}

output "name" {
  description = "Name of the queue."
  value       = aws_sqs_queue.this.name
}

output "dead_letter_name" {
  description = "Name of the dead-letter queue."
  value       = aws_sqs_queue.dead_letters.name
}

output "visibility_timeout_seconds" {
  description = "How long a received message is hidden."
  value       = aws_sqs_queue.this.visibility_timeout_seconds
}

output "max_receive_count" {
  description = "How often a message is received before it becomes a dead letter."
  value       = jsondecode(aws_sqs_queue.this.redrive_policy).maxReceiveCount
}

output "dead_letter_retention_seconds" {
  description = "How long a dead letter is kept."
  value       = aws_sqs_queue.dead_letters.message_retention_seconds
}

output "filters" {
  description = "The event types that are delivered, by topic: what the subscriptions say, for comparison with the topology."
  value       = { for topic, subscription in aws_sns_topic_subscription.this : topic => jsondecode(subscription.filter_policy).type }
}

output "alarms" {
  description = "The actions of each alarm, by the alarm's name."
  value = {
    for alarm in [aws_cloudwatch_metric_alarm.dead_letters, aws_cloudwatch_metric_alarm.oldest_message] :
    alarm.alarm_name => alarm.alarm_actions
  }
}
