variable "environment" {
  description = "Name of the environment. It is part of every resource name."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,7}$", var.environment))
    error_message = "Expected 2 to 8 lowercase letters and digits, because AWS limits some names to 32 characters."
  }
}

variable "region" {
  description = "AWS Region."
  type        = string
  default     = "eu-central-1"
}

variable "deletion_protection" {
  description = "True prevents the deletion of the load balancer, and of buckets and repositories that are not empty. False for temporary environments."
  type        = bool
  default     = true
}

# First apply ----------------------------------------------------------------------------------------------------------

variable "issuer_answers" {
  description = <<-TEXT
    False only for the first apply, before user is applied. API Gateway reads the issuer's discovery document when the
    authorizer is created, and accepts throttles only for existing routes. user provides both. See README.md.
  TEXT
  type        = bool
  default     = true
}

# Names ----------------------------------------------------------------------------------------------------------------

variable "domain_name" {
  description = "Domain of this environment, for example dev.shop.example. The load balancer's certificate is for internal.<domain>."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9-]+\\.)+[a-z]{2,}$", var.domain_name))
    error_message = "Expected a domain name in lowercase, without a trailing dot."
  }
}

variable "hosted_zone_id" {
  description = "Public Route 53 zone of domain_name, in which certificates are validated. Not needed with alb_certificate_arn."
  type        = string
  default     = null

  validation {
    condition     = var.hosted_zone_id != null || var.alb_certificate_arn != null
    error_message = "Set either hosted_zone_id, in which a certificate can be validated, or alb_certificate_arn."
  }
}

variable "alb_certificate_arn" {
  description = "Certificate of a public authority for internal.<domain_name>. Null creates one."
  type        = string
  default     = null
}

variable "api_domain_name" {
  description = "Public name of the API that edge serves, for example api.dev.shop.example. Null without edge, where the API's default endpoint is its URL."
  type        = string
  default     = null
}

variable "execute_api_endpoint_disabled" {
  description = "True disables the API's default endpoint, so that edge cannot be bypassed. Set it only after edge has been applied."
  type        = bool
  default     = false

  validation {
    condition     = !var.execute_api_endpoint_disabled || var.api_domain_name != null
    error_message = "Without api_domain_name, the API's default endpoint is the only one."
  }
}

# Network --------------------------------------------------------------------------------------------------------------

variable "vpc_cidr" {
  description = "IPv4 range of the VPC, a /16."
  type        = string
  default     = "10.20.0.0/16"

  validation {
    condition     = can(cidrnetmask(var.vpc_cidr)) && endswith(var.vpc_cidr, "/16")
    error_message = "Expected an IPv4 range with prefix length 16."
  }
}

variable "nat_gateway_count" {
  description = "1: all zones share a gateway. 3: one per zone, so that the failure of a zone does not affect others. 0: tasks have no outbound access and cannot read the issuer's keys."
  type        = number
  default     = 1

  validation {
    condition     = contains([0, 1, 3], var.nat_gateway_count)
    error_message = "Expected 0, 1 or 3."
  }
}

variable "interface_endpoints" {
  description = "AWS services to reach by interface endpoints instead of NAT, for example [\"logs\", \"sqs\"]. README.md describes when they are cheaper."
  type        = set(string)
  default     = []

  validation {
    condition = length(setsubtract(var.interface_endpoints, [
      "ecr.api", "ecr.dkr", "logs", "monitoring", "xray", "sqs", "sns", "kms", "secretsmanager", "ssm",
    ])) == 0
    error_message = "Expected ecr.api, ecr.dkr, logs, monitoring, xray, sqs, sns, kms, secretsmanager or ssm."
  }
}

# API ------------------------------------------------------------------------------------------------------------------

variable "cors_origins" {
  description = "Origins whose pages may call the API, for example https://dev.shop.example."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for origin in var.cors_origins : can(regex("^https?://[^/*]+$", origin))])
    error_message = "Expected full origins without path and wildcard."
  }
}

variable "throttling" {
  description = "Rate per second and burst of each route without its own throttle."
  type        = object({ rate = number, burst = number })
  default     = { rate = 200, burst = 400 }
}

variable "route_throttling" {
  description = "Rate and burst of single routes, by route in infra/topology.json. Only for existing routes: when issuer_answers is set to true, these are the routes of user without scopes, and later all routes."
  type        = map(object({ rate = number, burst = number }))
  default     = {}

  validation {
    condition = length(setsubtract(
      keys(var.route_throttling),
      [for route in jsondecode(file("${path.module}/../../../topology.json")).routes : route.route],
    )) == 0
    error_message = "Only routes of infra/topology.json can be throttled, because API Gateway rejects unknown routes."
  }
}

# Cluster --------------------------------------------------------------------------------------------------------------

variable "container_insights" {
  description = "Container Insights: enhanced, enabled or disabled. Billed by metric."
  type        = string
  default     = "enabled"
}

# Retention ------------------------------------------------------------------------------------------------------------

variable "log_retention_days" {
  description = "Retention of logs."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400], var.log_retention_days)
    error_message = "Expected a retention that CloudWatch Logs supports, at least one day."
  }
}

variable "trail_retention_days" {
  description = "Retention of the trail of AWS API calls."
  type        = number
  default     = 365
}

variable "cloudtrail_enabled" {
  description = "False if the account already has a trail. The first trail is free, a second one is not."
  type        = bool
  default     = true
}

# Monitoring -----------------------------------------------------------------------------------------------------------

variable "alarm_emails" {
  description = "Addresses that receive alarms by mail. Each has to confirm its subscription. Other receivers (pager, chat) subscribe to the topic themselves."
  type        = set(string)
  default     = []
}

variable "monthly_budget_usd" {
  description = "Budget of the whole account in USD per month. The alarm topic is notified when 80 percent is spent, and when the forecast exceeds the budget."
  type        = number
}

# Emulator -------------------------------------------------------------------------------------------------------------

variable "emulator" {
  description = "True omits what emulators of AWS lack (VPC links) and uses a URL of the emulator for the API. Never true on AWS."
  type        = bool
  default     = false
}
