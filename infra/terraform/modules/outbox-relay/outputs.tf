output "name" {
  description = "Name of the function."
  value       = module.function.name
}

output "policy" {
  description = "Policy of the function's role."
  value       = module.function.policy
}

output "deployment" {
  description = "See the module `function`."
  value       = module.function.deployment
}
