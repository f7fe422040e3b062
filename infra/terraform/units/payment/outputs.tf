output "deployments" {
  description = "What releases each function that was published: see the module `function`."
  value       = { payment = module.function.deployment, payment-outbox-relay = module.relay.deployment }
}

output "role_policies" {
  description = "What each function may do, for the tests of the roles."
  value       = { payment = module.function.policy, payment-outbox-relay = module.relay.policy }
}
