# Set: mail_domain, mail_from, storefront_url.

environment = "dev"

# No canary, as a faulty version harms no customers in dev.
function_deployment_config = "CodeDeployDefault.LambdaAllAtOnce"
log_retention_days         = 7
deletion_protection        = false

mail_domain    = "dev.shop.example"
mail_from      = "Shop <orders@dev.shop.example>"
storefront_url = "https://dev.shop.example"
