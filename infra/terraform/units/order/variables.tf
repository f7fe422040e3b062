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

variable "image_digest" {
  description = "Digest of the first image of `order` in the platform's repository. Only the first apply needs it. Releases deploy later images."
  type        = string
  default     = null
}

variable "cpu" {
  description = "CPU units of a task."
  type        = number
}

variable "memory_mb" {
  description = "Memory of a task."
  type        = number
}

variable "min_tasks" {
  description = "Minimum number of tasks."
  type        = number
}

variable "max_tasks" {
  description = "Maximum number of tasks."
  type        = number
}

variable "requests_target" {
  description = "Target of autoscaling: requests per minute and task."
  type        = number
  default     = 3000
}

variable "p99_alarm_seconds" {
  description = "Threshold of the alarm on p99 latency."
  type        = number
  default     = 1
}

variable "service_deployment_config" {
  description = "CodeDeploy configuration for moving traffic to new tasks."
  type        = string
}

variable "blue_minutes" {
  description = "Time for which old tasks are kept after a release. During this time, a rollback only moves traffic."
  type        = number
}

variable "collector" {
  description = "OpenTelemetry sidecar for traces in X-Ray: image by digest, and configuration in YAML instead of the module's. Null for no collector and no spans."
  type = object({
    image         = string
    configuration = optional(string)
  })
  default = null
}

variable "deletion_protection" {
  description = "Deletion protection of resources that hold data."
  type        = bool
}

variable "relay_artifact" {
  description = "First zip of `outbox-relay`: key and version of an object in the platform's artifacts bucket, or a local file. Releases deploy later ones."
  type = object({
    key     = optional(string)
    version = optional(string)
    file    = optional(string)
  })
  default = { key = "functions/outbox-relay.zip" }
}

variable "relay_reserved_concurrency" {
  description = "Reserved concurrency of the relay. Null uses the account's shared concurrency. A new account has too little to reserve any."
  type        = number
  default     = null
}

variable "function_deployment_config" {
  description = "CodeDeploy configuration for moving traffic to a new version of the relay."
  type        = string
}

variable "stock_deadline_seconds" {
  description = "Time for which an order waits for its stock."
  type        = number
  default     = 120
}

variable "payment_deadline_seconds" {
  description = "Time for which an order waits for its payment."
  type        = number
  default     = 600

  validation {
    condition     = var.payment_deadline_seconds < 900
    error_message = "Must be less than 900 seconds, for which product reserves stock."
  }
}

variable "emulator" {
  description = "True omits what emulators of AWS lack (VPC links, CodeDeploy, autoscaling). Never true on AWS."
  type        = bool
  default     = false
}
