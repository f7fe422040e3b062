output "deployments" {
  description = "CodeDeploy names of each function. See the module `function`."
  value       = { user = module.function.deployment, user-outbox-relay = module.relay.deployment }
}

output "role_policies" {
  description = "Policy of each function's role, for tests."
  value       = { user = module.function.policy, user-outbox-relay = module.relay.policy }
}
