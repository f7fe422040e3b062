variable "name" {
  description = "Name of the function on AWS."
  type        = string
}

variable "artifact" {
  description = "Zip of `outbox-relay`. See the module `function`."
  type = object({
    bucket  = optional(string)
    key     = optional(string)
    version = optional(string)
    file    = optional(string)
  })
}

variable "memory_mb" {
  description = "Memory. CPU is proportional to it."
  type        = number
}

variable "timeout_seconds" {
  description = "Timeout of one batch."
  type        = number
}

variable "batch_size" {
  description = "Maximum number of stream records per invocation."
  type        = number
}

variable "table_arn" {
  description = "Table whose events are published."
  type        = string
}

variable "stream_arn" {
  description = "Stream of the table."
  type        = string
}

variable "topic_arn" {
  description = "Topic that events are published to."
  type        = string
}

variable "kms_key_arn" {
  description = "KMS key of the table, the topic and the logs."
  type        = string
}

variable "log_retention_days" {
  description = "Retention of logs."
  type        = number
}

variable "log_level" {
  description = "Log filter (`RUST_LOG`)."
  type        = string
}

variable "reserved_concurrency" {
  description = "Reserved concurrency. Null is right: the number of shards limits a relay. See main.tf."
  type        = number
  default     = null
}

variable "alarm_topic_arn" {
  description = "SNS topic that receives alarms."
  type        = string
}

variable "deployment_config" {
  description = "CodeDeploy configuration for moving traffic to a new version."
  type        = string
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of the created roles. Null for none."
  type        = string
  default     = null
}

variable "emulator" {
  description = "True omits what emulators of AWS lack (CodeDeploy). Never true on AWS."
  type        = bool
  default     = false
}
