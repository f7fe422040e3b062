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

output "shape" {
  description = "Settings and trigger, for comparison with the topology."
  value       = module.function.shape
}

output "alarms" {
  description = "The actions of each alarm, by the alarm's name."
  value       = module.function.alarms
}
