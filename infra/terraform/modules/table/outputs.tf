output "name" {
  description = "Name of the table."
  value       = aws_dynamodb_table.this.name
}

output "arn" {
  description = "ARN of the table."
  value       = aws_dynamodb_table.this.arn
}

output "stream_arn" {
  description = "ARN of the table's stream; null if it has none."
  value       = var.stream ? aws_dynamodb_table.this.stream_arn : null
}

output "shape" {
  description = "Keys, indexes and stream, for comparison with the topology."
  value = {
    partition_key = aws_dynamodb_table.this.hash_key
    sort_key      = aws_dynamodb_table.this.range_key
    stream        = aws_dynamodb_table.this.stream_enabled
    indexes = [for index in aws_dynamodb_table.this.global_secondary_index : {
      name          = index.name
      partition_key = index.hash_key
      sort_key      = index.range_key
      projection    = index.projection_type
    }]
  }
}

output "alarms" {
  description = "The actions of each alarm, by the alarm's name."
  value       = { (aws_cloudwatch_metric_alarm.throttles.alarm_name) = aws_cloudwatch_metric_alarm.throttles.alarm_actions }
}
