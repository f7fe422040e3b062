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
