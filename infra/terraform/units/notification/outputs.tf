output "mail_dns_records" {
  description = "The CNAME records that prove to SES, and to receivers, that the domain's mails are ours."
  value = [for token in aws_sesv2_email_identity.sender.dkim_signing_attributes[0].tokens : {
    name  = "${token}._domainkey.${var.mail_domain}"
    value = "${token}.dkim.amazonses.com"
  }]
}

output "deployments" {
  description = "What releases each function that was published: see the module `function`."
  value       = { notification = module.function.deployment }
}

output "role_policies" {
  description = "What each function may do, for the tests of the roles."
  value       = { notification = module.function.policy }
}
