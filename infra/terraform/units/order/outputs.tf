output "deployments" {
  description = "What releases the service and the function that was published: see the modules `ecs-service` and `function`."
  value       = { order = module.service.deployment, order-outbox-relay = module.relay.deployment }
}

output "role_policies" {
  description = "What the tasks, ECS on their behalf, and the relay may do, for the tests of the roles."
  value = {
    order              = module.service.policies.task
    order-execution    = module.service.policies.execution
    order-outbox-relay = module.relay.policy
  }
}

output "alarms" {
  description = "The actions of each alarm, by the alarm's name."
  value = merge(concat(
    [module.table.alarms, module.service.alarms, module.relay.alarms],
    [for queue in module.queues : queue.alarms],
    [{ for alarm in aws_cloudwatch_metric_alarm.passing : alarm.alarm_name => alarm.alarm_actions }],
  )...)
}
