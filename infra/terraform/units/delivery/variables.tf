variable "environment" {
  description = "Name of the environment; part of every name, and the name of GitHub's environment that releases to it."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,7}$", var.environment))
    error_message = "2 to 8 lower-case letters and digits: it is part of names that AWS limits to 32 characters."
  }
}

variable "region" {
  description = "Where the environment runs."
  type        = string
  default     = "eu-central-1"
}

variable "repository" {
  description = "The repository on GitHub whose workflows may take the roles, as `owner/name`."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "One repository as `owner/name`: a wildcard would let others in."
  }
}

variable "identity_provider_exists" {
  description = "True where the account knows GitHub's identity provider already: there is one for each account, so the second environment in an account takes that of the first."
  type        = bool
  default     = false
}

variable "state_bucket" {
  description = "The bucket of Terraform's states. Null for the name that infra/deploy/unit gives it: shop-terraform-state-<account>."
  type        = string
  default     = null
}

variable "permissions_boundary_arn" {
  description = "The most that the roles made here may ever do; null for no boundary."
  type        = string
  default     = null
}
