variable "environment" {
  description = "Name of the environment. It is part of every resource name."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,7}$", var.environment))
    error_message = "Expected 2 to 8 lowercase letters and digits, because AWS limits some names to 32 characters."
  }
}

variable "region" {
  description = "AWS Region of the platform."
  type        = string
  default     = "eu-central-1"
}

variable "domain_name" {
  description = "Domain of this environment, for example dev.shop.example. The name of the API is api.<domain>, which is api_domain_name of platform."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9-]+\\.)+[a-z]{2,}$", var.domain_name))
    error_message = "Expected a domain name in lowercase, without a trailing dot."
  }
}

variable "hosted_zone_id" {
  description = "Public Route 53 zone of domain_name."
  type        = string
}

variable "origin_secret" {
  description = "Secret first label of the origin name. Set it by TF_VAR_origin_secret. README.md describes how to create and change it."
  type        = string
  sensitive   = true

  validation {
    condition     = can(regex("^[a-z0-9]{32,63}$", var.origin_secret))
    error_message = "Expected 32 to 63 lowercase letters and digits: an unguessable label of a domain name."
  }
}

variable "price_class" {
  description = "Edge locations of CloudFront: PriceClass_100 (Europe, North America), PriceClass_200 or PriceClass_All."
  type        = string
  default     = "PriceClass_100"
}

variable "rate_limit" {
  description = "Maximum number of requests per address in five minutes. More get 403."
  type        = number
  default     = 2000
}

variable "sign_in_rate_limit" {
  description = "The same limit for sign-in and registration, where each password hash takes about a second."
  type        = number
  default     = 100
}

variable "log_retention_days" {
  description = "Retention of the firewall's log of blocked requests, which contains client addresses."
  type        = number
  default     = 14
}

variable "deletion_protection" {
  description = "True sets the deletion window of the log's key to 30 days instead of 7."
  type        = bool
  default     = true
}

variable "emulator" {
  description = "True omits what emulators of AWS lack (the firewall's log). Never true on AWS."
  type        = bool
  default     = false
}
