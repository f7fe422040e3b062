variable "environment" {
  description = "Name of the environment; part of every name."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,9}$", var.environment))
    error_message = "2 to 10 lower-case letters and digits: target groups have names of at most 32 characters."
  }
}

variable "region" {
  description = "Where it runs."
  type        = string
  default     = "eu-central-1"
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
}

variable "log_level" {
  description = "What is logged (`RUST_LOG`)."
  type        = string
  default     = "info"
}

variable "permissions_boundary_arn" {
  description = "The most that the roles made here may ever do; null for no boundary."
  type        = string
  default     = null
}

variable "artifact" {
  description = "The zip of `notification` that the function begins with: key and version of an object in the platform's bucket of artifacts, or a file of this machine. Releases bring the later ones."
  type = object({
    key     = optional(string)
    version = optional(string)
    file    = optional(string)
  })
  default = { key = "functions/notification.zip" }
}

variable "reserved_concurrency" {
  description = "How many invocations run at once at most, and are kept free; null shares what the account has. A new account has too few to reserve any."
  type        = number
  default     = null
}

variable "p99_alarm_ms" {
  description = "The 99th percentile of duration that is too slow."
  type        = number
  default     = 15000
}

variable "function_deployment_config" {
  description = "How CodeDeploy moves traffic to a new version of a function."
  type        = string
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete what holds data."
  type        = bool
}

variable "mail_domain" {
  description = "The domain that mails are sent from. SES verifies it by records that the output `mail_dns_records` lists."
  type        = string
}

variable "mail_from" {
  description = "Who mails are from, such as `Shop <orders@shop.example>`; an address of `mail_domain`."
  type        = string

  validation {
    condition     = endswith(trimsuffix(var.mail_from, ">"), "@${var.mail_domain}")
    error_message = "The address is not one of mail_domain, so SES would refuse every mail."
  }
}

variable "storefront_url" {
  description = "Where links in mails lead, without a slash at its end."
  type        = string
}

variable "emulator" {
  description = "True leaves out what emulators of AWS do not have (CodeDeploy), to try the rest on one. Never on AWS."
  type        = bool
  default     = false
}
