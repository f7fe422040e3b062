variable "name" {
  description = "Name of the function on AWS."
  type        = string
}

variable "description" {
  description = "Purpose of the function."
  type        = string
}

variable "artifact" {
  description = "Zip with the binary `bootstrap`: an S3 object by bucket, key and version, or a local file."
  type = object({
    bucket  = optional(string)
    key     = optional(string)
    version = optional(string)
    file    = optional(string)
  })

  validation {
    condition     = (var.artifact.file != null) != (var.artifact.key != null)
    error_message = "Set either key (with bucket and version) or file, not both."
  }

  validation {
    condition     = var.artifact.key == null || (var.artifact.bucket != null && var.artifact.version != null)
    error_message = "An object requires bucket and version, because the content of a key can change."
  }
}

variable "memory_mb" {
  description = "Memory. CPU is proportional to it."
  type        = number
}

variable "timeout_seconds" {
  description = "Timeout of one invocation."
  type        = number
}

variable "environment" {
  description = "Environment variables. Many principals can read function configurations, so this must not contain secrets."
  type        = map(string)
}

variable "reserved_concurrency" {
  description = "Reserved concurrency. Null uses the account's shared concurrency. A new account has 10 in total and cannot reserve any."
  type        = number
  default     = null
}

variable "statements" {
  description = "IAM policy statements for calls of the service, with exact actions and ARNs."
  type = list(object({
    Sid       = string
    Effect    = string
    Action    = list(string)
    Resource  = list(string)
    Condition = optional(map(map(list(string))))
  }))
}

variable "queue" {
  description = "Queue whose messages invoke the function."
  type = object({
    arn                        = string
    visibility_timeout_seconds = number
    batch_size                 = number
    maximum_concurrency        = number
  })
  default = null
}

variable "stream" {
  description = "DynamoDB stream whose outbox items invoke the function."
  type = object({
    arn        = string
    table_arn  = string
    batch_size = number
  })
  default = null
}

variable "kms_key_arn" {
  description = "KMS key of logs, settings, and of the queue or table that invokes the function."
  type        = string
}

variable "log_retention_days" {
  description = "Retention of logs."
  type        = number
}

variable "alarm_topic_arn" {
  description = "SNS topic that receives alarms."
  type        = string
}

variable "p99_alarm_ms" {
  description = "Threshold of the alarm on p99 duration."
  type        = number
}

variable "deployment_config" {
  description = "CodeDeploy configuration for moving traffic to a new version."
  type        = string
  default     = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
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
