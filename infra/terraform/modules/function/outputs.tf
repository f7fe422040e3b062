output "name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "alias" {
  description = "The alias that is invoked."
  value       = aws_lambda_alias.live.name
}

output "invoke_arn" {
  description = "What an integration of API Gateway calls."
  value       = aws_lambda_alias.live.invoke_arn
}

output "policy" {
  description = "What the function may do."
  value       = local.policy
}

output "deployment" {
  description = "Where CodeDeploy releases it; infra/deploy/release finds it by these names."
  value = {
    application      = one(aws_codedeploy_app.this[*].name)
    deployment_group = one(aws_codedeploy_deployment_group.this[*].deployment_group_name)
  }
}

output "alarms" {
  description = "The actions of each alarm, by the alarm's name."
  value = {
    for alarm in concat(
      [aws_cloudwatch_metric_alarm.errors, aws_cloudwatch_metric_alarm.duration, aws_cloudwatch_metric_alarm.throttles],
      aws_cloudwatch_metric_alarm.iterator_age,
      aws_cloudwatch_metric_alarm.lost_records,
    ) : alarm.alarm_name => alarm.alarm_actions
  }
}

output "deployment_policy" {
  description = "What CodeDeploy may do to release the function."
  value       = local.deployment_policy
}
