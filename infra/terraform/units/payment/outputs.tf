output "deployments" {
  description = "CodeDeploy names of each function. See the module `function`."
  value       = { payment = module.function.deployment, payment-outbox-relay = module.relay.deployment }
}

output "role_policies" {
  description = "Policy of each function's role, for tests."
  value       = { payment = module.function.policy, payment-outbox-relay = module.relay.policy }
}
