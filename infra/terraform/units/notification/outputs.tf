output "mail_dns_records" {
  description = "CNAME records of DKIM, which authenticate the domain's mail."
  value = [for token in aws_sesv2_email_identity.sender.dkim_signing_attributes[0].tokens : {
    name  = "${token}._domainkey.${var.mail_domain}"
    value = "${token}.dkim.amazonses.com"
  }]
}

output "deployments" {
  description = "CodeDeploy names of each function. See the module `function`."
  value       = { notification = module.function.deployment }
}

output "role_policies" {
  description = "Policy of each function's role, for tests."
  value       = { notification = module.function.policy }
}
