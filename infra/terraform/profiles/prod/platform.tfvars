# Survives the loss of a zone and accidental deletion. Set: domain_name, hosted_zone_id, cors_origins, alarm_emails.

environment = "prod"

domain_name     = "shop.example"
api_domain_name = "api.shop.example"
# True once edge has been applied: see DEPLOYMENT.md, "Production".
execute_api_endpoint_disabled = false

deletion_protection = true

nat_gateway_count   = 3
interface_endpoints = []

cors_origins = ["https://shop.example"]
# 18 orders/s with 50 page views each, which is less than Stripe and the tables accept: see README, "No pre-warmed tables".
throttling = { rate = 1000, burst = 2000 }

# Each password hash takes about a second. Only routes of user, which exist before issuer_answers is true.
route_throttling = {
  "POST /v1/users"      = { rate = 20, burst = 40 }
  "POST /v1/auth/token" = { rate = 100, burst = 200 }
}

container_insights   = "enabled"
log_retention_days   = 90
trail_retention_days = 365
monthly_budget_usd   = 1500
