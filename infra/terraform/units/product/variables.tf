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
  description = "Digest of the first image of `product` in the platform's repository. Only the first apply needs it. Releases deploy later images."
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

variable "database_instance_class" {
  description = "Instance class of the database."
  type        = string
}

variable "database_storage_gb" {
  description = "Initial storage. It grows automatically up to four times this size."
  type        = number
}

variable "database_multi_az" {
  description = "Enables a standby in another zone."
  type        = bool
}

variable "database_backup_days" {
  description = "Retention of backups, within which the database can be restored to any second."
  type        = number
}

variable "database_authorities" {
  description = "CA certificates of RDS in PEM: https://truststore.pki.rds.amazonaws.com/<region>/<region>-bundle.pem. They are public. Without them, tasks trust no database."
  type        = string
  default     = null

  validation {
    condition     = var.database_authorities == null || can(regex("^\\s*-----BEGIN CERTIFICATE-----", var.database_authorities))
    error_message = "Expected PEM, which begins with -----BEGIN CERTIFICATE-----."
  }
}

variable "database_memory_alarm_mb" {
  description = "Threshold of the alarm on free memory."
  type        = number
}

variable "reservation_ttl_seconds" {
  description = "Time for which stock is reserved for an unconfirmed order. It has to be longer than the payment deadline."
  type        = number
  default     = 900
}

variable "emulator" {
  description = "True omits what emulators of AWS lack (VPC links, CodeDeploy, autoscaling). Never true on AWS."
  type        = bool
  default     = false
}
