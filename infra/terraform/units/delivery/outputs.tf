output "role_arns" {
  description = "The roles that workflows take. Their names follow from the environment's: workflows need the account's number only."
  value       = { for name, role in aws_iam_role.this : name => role.arn }
}

output "role_policies" {
  description = "What each role may do, for the tests of the roles."
  value       = local.policies
}

output "role_trust" {
  description = "Who may take each role, for the tests of the roles."
  value       = local.trust
}
