output "deployments" {
  description = "What releases each function that was published: see the module `function`."
  value       = { payment = module.function.deployment, payment-outbox-relay = module.relay.deployment }
}

output "role_policies" {
  description = "What each function may do, for the tests of the roles."
  value       = { payment = module.function.policy, payment-outbox-relay = module.relay.policy }
}

output "alarms" {
  description = "The actions of each alarm, by the alarm's name."
  value       = merge(module.table.alarms, module.inbox.alarms, module.function.alarms, module.relay.alarms)
}
