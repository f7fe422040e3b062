# Set: domain_name, hosted_zone_id, and price_class for the location of your customers.

environment = "prod"
domain_name = "shop.example"

price_class         = "PriceClass_100"
rate_limit          = 2000
sign_in_rate_limit  = 100
log_retention_days  = 14
deletion_protection = true
