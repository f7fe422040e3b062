output "deployments" {
  description = "CodeDeploy names of the service. See the module `ecs-service`."
  value       = { product = module.service.deployment }
}

output "role_policies" {
  description = "Policies of the task role and the execution role, for tests."
  value       = { product = module.service.policies.task, product-execution = module.service.policies.execution }
}

output "database_endpoint" {
  description = "Host and port of the database."
  value       = aws_db_instance.this.endpoint
}
