variable "environment" {
  description = "Name of the environment. It is part of every resource name, and the name of the GitHub environment that releases to it."
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

variable "repository" {
  description = "GitHub repository whose workflows may assume the roles, as `owner/name`."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "Expected one repository as `owner/name`, without wildcards."
  }
}

variable "identity_provider_exists" {
  description = "True if the account already has GitHub's identity provider. An account has only one, so a second environment in the same account uses the existing one."
  type        = bool
  default     = false
}

variable "state_bucket" {
  description = "Bucket of Terraform states. Null for the default of infra/deploy/unit: shop-terraform-state-<account>."
  type        = string
  default     = null
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of the created roles. Null for none."
  type        = string
  default     = null
}
