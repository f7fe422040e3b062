# Optional in dev: without edge, the API is reached by its default endpoint. Set: domain_name, hosted_zone_id.

environment = "dev"
domain_name = "dev.shop.example"

price_class         = "PriceClass_100"
rate_limit          = 2000
sign_in_rate_limit  = 100
log_retention_days  = 7
deletion_protection = false
