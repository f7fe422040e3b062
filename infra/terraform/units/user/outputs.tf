output "deployments" {
  description = "What releases each function that was published: see the module `function`."
  value       = { user = module.function.deployment, user-outbox-relay = module.relay.deployment }
}

output "role_policies" {
  description = "What each function may do, for the tests of the roles."
  value       = { user = module.function.policy, user-outbox-relay = module.relay.policy }
}
