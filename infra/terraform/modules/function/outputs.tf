output "name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "alias" {
  description = "ARN of the alias."
  value       = aws_lambda_alias.live.name
}

output "invoke_arn" {
  description = "Invoke ARN of the alias for API Gateway."
  value       = aws_lambda_alias.live.invoke_arn
}

output "log_group" {
  description = "Log group of the function."
  value       = aws_cloudwatch_log_group.this.name
}

output "policy" {
  description = "Policy of the function's role."
  value       = local.policy
}

output "deployment" {
  description = "CodeDeploy application and deployment group, whose names infra/deploy/release uses."
  value = {
    application      = one(aws_codedeploy_app.this[*].name)
    deployment_group = one(aws_codedeploy_deployment_group.this[*].deployment_group_name)
  }
}

output "alarms" {
  description = "Actions of each alarm by alarm name."
  value = {
    for alarm in concat(
      [aws_cloudwatch_metric_alarm.errors, aws_cloudwatch_metric_alarm.duration, aws_cloudwatch_metric_alarm.throttles],
      aws_cloudwatch_metric_alarm.iterator_age,
      aws_cloudwatch_metric_alarm.lost_records,
    ) : alarm.alarm_name => alarm.alarm_actions
  }
}

output "deployment_policy" {
  description = "Policy of the CodeDeploy role."
  value       = local.deployment_policy
}
