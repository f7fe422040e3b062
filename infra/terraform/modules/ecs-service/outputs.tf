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

output "path_patterns" {
  description = "The paths that the load balancer sends here."
  value       = flatten([for rule in aws_lb_listener_rule.this : [for condition in rule.condition : [for pattern in condition.path_pattern : tolist(pattern.values)]]])
}

output "containers" {
  description = "The containers of a task."
  value       = local.container_definitions
}

output "one_off_task" {
  description = "What `aws ecs run-task` is given to run a subcommand of the image in the service's place, such as a migration."
  value = {
    cluster         = var.cluster.name
    task_definition = aws_ecs_task_definition.this.arn
    container       = local.service_container.name
    network_configuration = {
      awsvpcConfiguration = { subnets = var.subnet_ids, securityGroups = var.security_group_ids, assignPublicIp = "DISABLED" }
    }
  }
}

output "deployment" {
  description = "What `aws deploy create-deployment` is given to release the task definition that was registered last."
  value = {
    application      = aws_codedeploy_app.this.name
    deployment_group = aws_codedeploy_deployment_group.this.deployment_group_name
    appspec = {
      version = "0.0"
      Resources = [{
        TargetService = {
          Type = "AWS::ECS::Service"
          Properties = {
            TaskDefinition   = aws_ecs_task_definition.this.arn
            LoadBalancerInfo = { ContainerName = local.service_container.name, ContainerPort = var.port }
          }
        }
      }]
    }
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
