variable "environment" {
  description = "Name of the environment. It is part of every resource name."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,9}$", var.environment))
    error_message = "Expected 2 to 10 lowercase letters and digits, because names of target groups have 32 characters at most."
  }
}

variable "region" {
  description = "AWS Region."
  type        = string
  default     = "eu-central-1"
}

variable "log_retention_days" {
  description = "Retention of logs."
  type        = number
}

variable "log_level" {
  description = "Log filter (`RUST_LOG`)."
  type        = string
  default     = "info"
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of the created roles. Null for none."
  type        = string
  default     = null
}

variable "artifact" {
  description = "First zip of `notification`: key and version of an object in the platform's artifacts bucket, or a local file. Releases deploy later ones."
  type = object({
    key     = optional(string)
    version = optional(string)
    file    = optional(string)
  })
  default = { key = "functions/notification.zip" }
}

variable "reserved_concurrency" {
  description = "Reserved concurrency. Null uses the account's shared concurrency. A new account has too little to reserve any."
  type        = number
  default     = null
}

variable "p99_alarm_ms" {
  description = "Threshold of the alarm on p99 duration."
  type        = number
  default     = 15000
}

variable "function_deployment_config" {
  description = "CodeDeploy configuration for moving traffic to a new version of a function."
  type        = string
}

variable "deletion_protection" {
  description = "Deletion protection of resources that hold data."
  type        = bool
}

variable "mail_domain" {
  description = "Domain that mail is sent from. SES verifies it by the records in the output `mail_dns_records`."
  type        = string
}

variable "mail_from" {
  description = "Sender of mail, for example `Shop <orders@shop.example>`, with an address of `mail_domain`."
  type        = string

  validation {
    condition     = endswith(trimsuffix(var.mail_from, ">"), "@${var.mail_domain}")
    error_message = "The address must belong to mail_domain, otherwise SES rejects every mail."
  }
}

variable "storefront_url" {
  description = "Base URL of links in mail, without a trailing slash."
  type        = string
}

variable "emulator" {
  description = "True omits what emulators of AWS lack (CodeDeploy). Never true on AWS."
  type        = bool
  default     = false
}
