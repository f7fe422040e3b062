output "name" {
  description = "Name of the service."
  value       = aws_ecs_service.this.name
}

output "policies" {
  description = "What the task, and ECS on its behalf, may do."
  value       = local.policies
}

output "target_groups" {
  description = "The names of both target groups in metrics."
  value       = { for name, group in aws_lb_target_group.this : name => group.arn_suffix }
}

output "log_group" {
  description = "Where the service logs."
  value       = aws_cloudwatch_log_group.this.name
}

output "path_patterns" {
  description = "The paths that the load balancer sends here."
  value       = flatten([for rule in aws_lb_listener_rule.this : [for condition in rule.condition : [for pattern in condition.path_pattern : tolist(pattern.values)]]])
}

output "containers" {
  description = "The containers of a task."
  value       = local.container_definitions
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
    for alarm in concat(values(aws_cloudwatch_metric_alarm.targets), [aws_cloudwatch_metric_alarm.cpu]) :
    alarm.alarm_name => alarm.alarm_actions
  }
}

output "deployment_policy" {
  description = "What CodeDeploy may do to release the service."
  value       = local.deployment_policy
}
