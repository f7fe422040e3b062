output "name" {
  description = "Name of the service."
  value       = aws_ecs_service.this.name
}

output "policies" {
  description = "Policies of the task role and the execution role."
  value       = local.policies
}

output "target_groups" {
  description = "Names of both target groups in metrics."
  value       = { for name, group in aws_lb_target_group.this : name => group.arn_suffix }
}

output "log_group" {
  description = "Log group of the service."
  value       = aws_cloudwatch_log_group.this.name
}

output "path_patterns" {
  description = "Path patterns that the load balancer routes to the service."
  value       = flatten([for rule in aws_lb_listener_rule.this : [for condition in rule.condition : [for pattern in condition.path_pattern : tolist(pattern.values)]]])
}

output "containers" {
  description = "Containers of a task."
  value       = local.container_definitions
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
    for alarm in concat(values(aws_cloudwatch_metric_alarm.targets), [aws_cloudwatch_metric_alarm.cpu]) :
    alarm.alarm_name => alarm.alarm_actions
  }
}

output "deployment_policy" {
  description = "Policy of the CodeDeploy role."
  value       = local.deployment_policy
}
