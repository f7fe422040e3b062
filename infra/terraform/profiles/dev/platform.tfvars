# Cheap, and destroyed without remains. Set: domain_name, hosted_zone_id, alarm_emails.

environment = "dev"

domain_name     = "dev.shop.example"
api_domain_name = null # without edge: the API's default endpoint

deletion_protection = false

nat_gateway_count   = 1
interface_endpoints = []

cors_origins = ["http://localhost:3000"]
throttling   = { rate = 50, burst = 100 }

# Each password hash takes about a second. Only routes of user, which exist before issuer_answers is true.
route_throttling = {
  "POST /v1/users"      = { rate = 5, burst = 10 }
  "POST /v1/auth/token" = { rate = 10, burst = 20 }
}

container_insights   = "disabled"
log_retention_days   = 7
trail_retention_days = 30
monthly_budget_usd   = 150
