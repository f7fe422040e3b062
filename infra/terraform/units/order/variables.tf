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

variable "image_digest" {
  description = "The image of `order` that the service begins with, by digest, in the platform's repository. Only the first apply needs it: releases bring the later ones."
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
  description = "Tasks at the least."
  type        = number
}

variable "max_tasks" {
  description = "Tasks at the most."
  type        = number
}

variable "requests_target" {
  description = "The requests per minute and task that autoscaling keeps."
  type        = number
  default     = 3000
}

variable "p99_alarm_seconds" {
  description = "The 99th percentile of latency that is too slow."
  type        = number
  default     = 1
}

variable "service_deployment_config" {
  description = "How CodeDeploy moves traffic to new tasks."
  type        = string
}

variable "blue_minutes" {
  description = "How long the old tasks stay after a release: the time in which a rollback is a switch."
  type        = number
}

variable "collector" {
  description = "An OpenTelemetry collector beside the service, for traces in X-Ray: image by digest, and configuration as YAML unless it is the module's. Null for none: no spans are sent."
  type = object({
    image         = string
    configuration = optional(string)
  })
  default = null
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete what holds data."
  type        = bool
}

variable "relay_artifact" {
  description = "The zip of `outbox-relay` that the relay begins with: key and version of an object in the platform's bucket of artifacts, or a file of this machine. Releases bring the later ones."
  type = object({
    key     = optional(string)
    version = optional(string)
    file    = optional(string)
  })
  default = { key = "functions/outbox-relay.zip" }
}

variable "relay_reserved_concurrency" {
  description = "How many invocations of the relay run at once at most, and are kept free; null shares what the account has. A new account has too few to reserve any."
  type        = number
  default     = null
}

variable "function_deployment_config" {
  description = "How CodeDeploy moves traffic to a new version of the relay."
  type        = string
}

variable "stock_deadline_seconds" {
  description = "How long an order waits for its stock."
  type        = number
  default     = 120
}

variable "payment_deadline_seconds" {
  description = "How long an order waits for its payment."
  type        = number
  default     = 600

  validation {
    condition     = var.payment_deadline_seconds < 900
    error_message = "Less than the 900 seconds for which product sets stock aside, and which a message can be delayed."
  }
}

variable "emulator" {
  description = "True leaves out what emulators of AWS do not have (VPC links, CodeDeploy, autoscaling), to try the rest on one. Never on AWS."
  type        = bool
  default     = false
}
