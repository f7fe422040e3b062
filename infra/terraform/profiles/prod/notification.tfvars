# Set: mail_domain, mail_from, storefront_url.

environment = "prod"

function_deployment_config = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
log_retention_days         = 90
deletion_protection        = true

# At least the maximum concurrency of the inbox in infra/topology.json. A new account needs a higher quota first.
reserved_concurrency = 10

mail_domain    = "shop.example"
mail_from      = "Shop <orders@shop.example>"
storefront_url = "https://shop.example"
