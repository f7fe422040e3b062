variable "environment" {
  description = "Name of the environment; part of every name."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,7}$", var.environment))
    error_message = "2 to 8 lower-case letters and digits: it is part of names that AWS limits to 32 characters."
  }
}

variable "region" {
  description = "AWS Region of the platform."
  type        = string
  default     = "eu-central-1"
}

variable "domain_name" {
  description = "Domain of this environment, such as dev.shop.example. The API gets the name api.<domain>, which is platform's api_domain_name."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9-]+\\.)+[a-z]{2,}$", var.domain_name))
    error_message = "A domain name in lower case, without a dot at its end."
  }
}

variable "hosted_zone_id" {
  description = "Public Route 53 zone that answers for domain_name."
  type        = string
}

variable "origin_secret" {
  description = "First label of the name under which CloudFront, and nobody else, reaches the API. Give it by TF_VAR_origin_secret; README.md tells how to make and how to change it."
  type        = string
  sensitive   = true

  validation {
    condition     = can(regex("^[a-z0-9]{32,63}$", var.origin_secret))
    error_message = "32 to 63 lower-case letters and digits: a label of a domain name that nobody guesses."
  }
}

variable "price_class" {
  description = "Where CloudFront answers: PriceClass_100 (Europe, North America), PriceClass_200 or PriceClass_All."
  type        = string
  default     = "PriceClass_100"
}

variable "rate_limit" {
  description = "Requests that one address may make in five minutes; more get 403."
  type        = number
  default     = 2000
}

variable "sign_in_rate_limit" {
  description = "The same for signing in and registering, whose passwords cost a function's second each."
  type        = number
  default     = 100
}

variable "log_retention_days" {
  description = "How long the firewall's log of blocked requests is kept. It holds addresses of clients."
  type        = number
  default     = 14
}

variable "deletion_protection" {
  description = "True gives the log's key 30 days of grace instead of 7."
  type        = bool
  default     = true
}

variable "emulator" {
  description = "True leaves out what emulators of AWS do not have (the firewall's log), to try the rest on one. Never on AWS."
  type        = bool
  default     = false
}
