variable "name" {
  description = "Name of the function on AWS."
  type        = string
}

variable "artifact" {
  description = "The zip of `outbox-relay`; see the module `function`."
  type = object({
    bucket  = optional(string)
    key     = optional(string)
    version = optional(string)
    file    = optional(string)
  })
}

variable "memory_mb" {
  description = "Memory, and CPU with it."
  type        = number
}

variable "timeout_seconds" {
  description = "How long one batch may take."
  type        = number
}

variable "batch_size" {
  description = "How many stream records an invocation gets at most."
  type        = number
}

variable "table_arn" {
  description = "The table whose events are published."
  type        = string
}

variable "stream_arn" {
  description = "The table's stream."
  type        = string
}

variable "topic_arn" {
  description = "The one topic that the events go to."
  type        = string
}

variable "kms_key_arn" {
  description = "The key of the table, the topic and the logs."
  type        = string
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
}

variable "log_level" {
  description = "What is logged (`RUST_LOG`)."
  type        = string
}

variable "reserved_concurrency" {
  description = "See the module `function`."
  type        = number
  default     = null
}

variable "alarm_topic_arn" {
  description = "Where alarms go."
  type        = string
}

variable "deployment_config" {
  description = "How CodeDeploy moves traffic to a new version."
  type        = string
}

variable "permissions_boundary_arn" {
  description = "The most that the roles made here may ever do; null for no boundary."
  type        = string
  default     = null
}

variable "emulator" {
  description = "True leaves out what emulators of AWS do not have (CodeDeploy), to try the rest on one. Never on AWS."
  type        = bool
  default     = false
}
