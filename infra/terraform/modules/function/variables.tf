variable "name" {
  description = "Name of the function on AWS."
  type        = string
}

variable "description" {
  description = "What the function does."
  type        = string
}

variable "artifact" {
  description = "The zip with the binary `bootstrap`: an object of a bucket, by key and version, or a file of this machine."
  type = object({
    bucket  = optional(string)
    key     = optional(string)
    version = optional(string)
    file    = optional(string)
  })

  validation {
    condition     = (var.artifact.file != null) != (var.artifact.key != null)
    error_message = "Either a key (with its bucket and version) or a file, not both."
  }

  validation {
    condition     = var.artifact.key == null || (var.artifact.bucket != null && var.artifact.version != null)
    error_message = "An object is named with its bucket and its version: a key alone may change its content unnoticed."
  }
}

variable "memory_mb" {
  description = "Memory, and CPU with it."
  type        = number
}

variable "timeout_seconds" {
  description = "How long one invocation may take."
  type        = number
}

variable "environment" {
  description = "The settings of the service. Configuration is readable to many: no secret belongs here."
  type        = map(string)
}

variable "reserved_concurrency" {
  description = "How many invocations run at once at most, and are kept free for it. Null shares what the account has: a new account has 10 in all, and cannot reserve any."
  type        = number
  default     = null
}

variable "statements" {
  description = "What the service's own calls need: statements of an IAM policy, with exact actions and ARNs."
  type = list(object({
    Sid       = string
    Effect    = string
    Action    = list(string)
    Resource  = list(string)
    Condition = optional(map(map(list(string))))
  }))
}

variable "queue" {
  description = "The queue whose messages invoke the function."
  type = object({
    arn                        = string
    visibility_timeout_seconds = number
    batch_size                 = number
    maximum_concurrency        = number
  })
  default = null
}

variable "stream" {
  description = "The DynamoDB stream whose outbox items invoke the function."
  type = object({
    arn        = string
    table_arn  = string
    batch_size = number
  })
  default = null
}

variable "stream_attempts" {
  description = "How often a batch of a stream is repeated. Until then its shard waits, so it is not for ever; but an outage of the topic must not use it up either."
  type        = number
  default     = 1000
}

variable "kms_key_arn" {
  description = "The key of logs, settings, and of the queue or table that invokes the function."
  type        = string
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
}

variable "alarm_topic_arn" {
  description = "Where alarms go."
  type        = string
}

variable "p99_alarm_ms" {
  description = "The 99th percentile of duration that is too slow."
  type        = number
}

variable "deployment_config" {
  description = "How CodeDeploy moves traffic to a new version."
  type        = string
  default     = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
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
