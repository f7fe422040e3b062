output "role_arns" {
  description = "Roles that workflows assume. Their names contain the environment, so workflows need only the account id."
  value       = { for name, role in aws_iam_role.this : name => role.arn }
}

output "role_policies" {
  description = "Policy of each role, for tests."
  value       = local.policies
}

output "role_trust" {
  description = "Trust policy of each role, for tests."
  value       = local.trust
}
