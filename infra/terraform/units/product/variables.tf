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
  description = "The image of `product` that the service begins with, by digest, in the platform's repository. Only the first apply needs it: releases bring the later ones."
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

variable "database_instance_class" {
  description = "Size of the database."
  type        = string
}

variable "database_storage_gb" {
  description = "Storage at the beginning. It grows by itself up to four times as much."
  type        = number
}

variable "database_multi_az" {
  description = "Whether a second instance in another zone takes over when the first one fails."
  type        = bool
}

variable "database_backup_days" {
  description = "How far back the database can be restored, to the second."
  type        = number
}

variable "database_authorities" {
  description = "The certificates of the authorities that sign RDS's own, as PEM: https://truststore.pki.rds.amazonaws.com/<region>/<region>-bundle.pem. They are public. Without them, no task finds a database that it believes."
  type        = string
  default     = null

  validation {
    condition     = var.database_authorities == null || can(regex("^\\s*-----BEGIN CERTIFICATE-----", var.database_authorities))
    error_message = "PEM, which begins with -----BEGIN CERTIFICATE-----."
  }
}

variable "database_memory_alarm_mb" {
  description = "Less free memory than this is too little."
  type        = number
}

variable "reservation_ttl_seconds" {
  description = "How long stock is set aside for an order that is not confirmed. Longer than an order waits for its payment."
  type        = number
  default     = 900
}

variable "emulator" {
  description = "True leaves out what emulators of AWS do not have (VPC links, CodeDeploy, autoscaling), to try the rest on one. Never on AWS."
  type        = bool
  default     = false
}
