output "deployments" {
  description = "What releases the service: see the module `ecs-service`."
  value       = { product = module.service.deployment }
}

output "role_policies" {
  description = "What the tasks, and ECS on their behalf, may do, for the tests of the roles."
  value       = { product = module.service.policies.task, product-execution = module.service.policies.execution }
}

output "database_endpoint" {
  description = "Host and port of the database."
  value       = aws_db_instance.this.endpoint
}

output "alarms" {
  description = "The actions of each alarm, by the alarm's name."
  value = merge(
    module.inbox.alarms,
    module.service.alarms,
    { for alarm in aws_cloudwatch_metric_alarm.database : alarm.alarm_name => alarm.alarm_actions },
  )
}
