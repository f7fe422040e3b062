output "name" {
  description = "Name of the function."
  value       = module.function.name
}

output "policy" {
  description = "What the function may do."
  value       = module.function.policy
}

output "deployment" {
  description = "See the module `function`."
  value       = module.function.deployment
}
