variable "environment" {
  description = "Name of the environment; part of every name."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,7}$", var.environment))
    error_message = "2 to 8 lower-case letters and digits: it is part of names that AWS limits to 32 characters."
  }
}

variable "region" {
  description = "AWS Region."
  type        = string
  default     = "eu-central-1"
}

variable "deletion_protection" {
  description = "True: the load balancer cannot be deleted, nor can buckets and repositories that hold something. False for what is thrown away."
  type        = bool
  default     = true
}

# Bringing it up -------------------------------------------------------------------------------------------------------

variable "issuer_answers" {
  description = <<-TEXT
    False for the very first apply, before the unit user exists. API Gateway reads the issuer's discovery document when
    an authoriser is made, and knows throttles only of routes that exist; both come with the unit user. See README.md.
  TEXT
  type        = bool
  default     = true
}

# Names ----------------------------------------------------------------------------------------------------------------

variable "domain_name" {
  description = "Domain of this environment, such as dev.shop.example. The load balancer's certificate is for internal.<domain>."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9-]+\\.)+[a-z]{2,}$", var.domain_name))
    error_message = "A domain name in lower case, without a dot at its end."
  }
}

variable "hosted_zone_id" {
  description = "Public Route 53 zone that answers for domain_name: certificates are validated in it. Not needed if alb_certificate_arn is given."
  type        = string
  default     = null

  validation {
    condition     = var.hosted_zone_id != null || var.alb_certificate_arn != null
    error_message = "Give hosted_zone_id, so that a certificate can be made, or alb_certificate_arn."
  }
}

variable "alb_certificate_arn" {
  description = "A certificate for internal.<domain_name> that a public authority signed. Null makes one."
  type        = string
  default     = null
}

variable "api_domain_name" {
  description = "The API's public name, as the unit edge serves it, such as api.dev.shop.example. Null without edge: the API's own endpoint is its URL then."
  type        = string
  default     = null
}

variable "execute_api_endpoint_disabled" {
  description = "True closes the API's own endpoint, so that edge cannot be passed by. Only once edge has been applied."
  type        = bool
  default     = false

  validation {
    condition     = !var.execute_api_endpoint_disabled || var.api_domain_name != null
    error_message = "Without api_domain_name the API's own endpoint is the only way in."
  }
}

# Network --------------------------------------------------------------------------------------------------------------

variable "vpc_cidr" {
  description = "Addresses of the VPC: a /16."
  type        = string
  default     = "10.20.0.0/16"

  validation {
    condition     = can(cidrnetmask(var.vpc_cidr)) && endswith(var.vpc_cidr, "/16")
    error_message = "An IPv4 range of length 16."
  }
}

variable "nat_gateway_count" {
  description = "1: the zones share a gateway. 3: one a zone, so that a zone's failure stays its own. 0: tasks reach nothing outside, and cannot read the issuer's keys."
  type        = number
  default     = 1

  validation {
    condition     = contains([0, 1, 3], var.nat_gateway_count)
    error_message = "0, 1 or 3."
  }
}

variable "interface_endpoints" {
  description = "AWS services to reach by interface endpoints instead of NAT, such as [\"logs\", \"sqs\"]. README.md tells when they pay."
  type        = set(string)
  default     = []

  validation {
    condition = length(setsubtract(var.interface_endpoints, [
      "ecr.api", "ecr.dkr", "logs", "monitoring", "xray", "sqs", "sns", "kms", "secretsmanager", "ssm",
    ])) == 0
    error_message = "One of ecr.api, ecr.dkr, logs, monitoring, xray, sqs, sns, kms, secretsmanager, ssm."
  }
}

# API ------------------------------------------------------------------------------------------------------------------

variable "cors_origins" {
  description = "Origins whose pages may call the API, such as https://dev.shop.example."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for origin in var.cors_origins : can(regex("^https?://[^/*]+$", origin))])
    error_message = "Full origins, without a path and without a wildcard."
  }
}

variable "throttling" {
  description = "Requests a second, and at once, for each route that has no throttle of its own."
  type        = object({ rate = number, burst = number })
  default     = { rate = 200, burst = 400 }
}

variable "route_throttling" {
  description = "The same for single routes, by the route as it stands in infra/topology.json. Only for routes that exist once issuer_answers is true: those of the unit user without scopes, until the other units are applied."
  type        = map(object({ rate = number, burst = number }))
  default     = {}

  validation {
    condition = length(setsubtract(
      keys(var.route_throttling),
      [for route in jsondecode(file("${path.module}/../../../topology.json")).routes : route.route],
    )) == 0
    error_message = "Only routes of infra/topology.json can be throttled: API Gateway refuses others."
  }
}

# Cluster --------------------------------------------------------------------------------------------------------------

variable "container_insights" {
  description = "What is measured of tasks: enhanced, enabled or disabled. Billed by metric."
  type        = string
  default     = "enabled"
}

# Keeping --------------------------------------------------------------------------------------------------------------

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400], var.log_retention_days)
    error_message = "A retention that CloudWatch Logs knows, and at least one day."
  }
}

variable "trail_retention_days" {
  description = "How long the trail of calls to AWS is kept."
  type        = number
  default     = 365
}

variable "cloudtrail_enabled" {
  description = "False where the account has a trail already: the first one is free of charge, a second one is not."
  type        = bool
  default     = true
}

# Watching -------------------------------------------------------------------------------------------------------------

variable "alarm_emails" {
  description = "Who gets alarms by mail. Each address has to confirm. Others (a pager, a chat) subscribe to the topic themselves."
  type        = set(string)
  default     = []
}

variable "monthly_budget_usd" {
  description = "Dollars a month for the whole account. The alarm topic hears when 80 % are spent, and when more than all is forecast."
  type        = number
}

# Trying it out --------------------------------------------------------------------------------------------------------

variable "emulator" {
  description = "True leaves out what emulators of AWS do not have (VPC links), to try the rest on one. Never on AWS: the API's URL is none there."
  type        = bool
  default     = false
}
