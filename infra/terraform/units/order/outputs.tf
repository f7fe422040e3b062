output "deployments" {
  description = "CodeDeploy names of the service and the relay. See the modules `ecs-service` and `function`."
  value       = { order = module.service.deployment, order-outbox-relay = module.relay.deployment }
}

output "role_policies" {
  description = "Policies of the task role, the execution role and the relay, for tests."
  value = {
    order              = module.service.policies.task
    order-execution    = module.service.policies.execution
    order-outbox-relay = module.relay.policy
  }
}
