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
  description = "First zip of `payment`: key and version of an object in the platform's artifacts bucket, or a local file. Releases deploy later ones."
  type = object({
    key     = optional(string)
    version = optional(string)
    file    = optional(string)
  })
  default = { key = "functions/payment.zip" }
}

variable "reserved_concurrency" {
  description = "Reserved concurrency. Null uses the account's shared concurrency. A new account has too little to reserve any."
  type        = number
  default     = null
}

variable "p99_alarm_ms" {
  description = "Threshold of the alarm on p99 duration. A slow issuer takes up to 20 s."
  type        = number
  default     = 20000
}

variable "function_deployment_config" {
  description = "CodeDeploy configuration for moving traffic to a new version of a function."
  type        = string
}

variable "deletion_protection" {
  description = "Deletion protection of resources that hold data."
  type        = bool
}

variable "relay_artifact" {
  description = "First zip of `outbox-relay`, as `artifact`."
  type = object({
    key     = optional(string)
    version = optional(string)
    file    = optional(string)
  })
  default = { key = "functions/outbox-relay.zip" }
}

variable "relay_reserved_concurrency" {
  description = "Reserved concurrency of the relay."
  type        = number
  default     = null
}

variable "stripe_api_base" {
  description = "Base URL of the card processor's API."
  type        = string
  default     = "https://api.stripe.com"
}

variable "emulator" {
  description = "True omits what emulators of AWS lack (CodeDeploy). Never true on AWS."
  type        = bool
  default     = false
}
