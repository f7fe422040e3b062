output "deployments" {
  description = "What releases the service: see the module `ecs-service`."
  value       = { product = module.service.deployment }
}

output "role_policies" {
  description = "What the tasks, and ECS on their behalf, may do, for the tests of the roles."
  value       = { product = module.service.policies.task, product-execution = module.service.policies.execution }
}

output "database_endpoint" {
  description = "Host and port of the database."
  value       = aws_db_instance.this.endpoint
}
