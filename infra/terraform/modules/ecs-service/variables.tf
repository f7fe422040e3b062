variable "name" {
  description = "Name of the service on AWS."
  type        = string

  validation {
    condition     = length(var.name) <= 26
    error_message = "The target group `<name>-green` can have 32 characters at most."
  }
}

# Program --------------------------------------------------------------------------------------------------------------

variable "repository_url" {
  description = "ECR repository of the image."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}\\.dkr\\.ecr\\.[a-z0-9-]+\\.amazonaws\\.com/.+$", var.repository_url))
    error_message = "Expected the URL of a private ECR repository, for example `123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/order`."
  }
}

variable "image_digest" {
  description = "Digest of the first image. Only the first apply needs it. A tag is not allowed, as it can change."
  type        = string

  validation {
    condition     = var.image_digest == null || can(regex("^sha256:[0-9a-f]{64}$", var.image_digest))
    error_message = "Expected a digest: `sha256:` and 64 hexadecimal digits."
  }
}

variable "cpu" {
  description = "CPU units of a task, including the collector."
  type        = number
}

variable "memory_mb" {
  description = "Memory of a task, including the collector."
  type        = number
}

variable "port" {
  description = "Port of the service. The platform's security groups allow the default."
  type        = number
  default     = 8080
}

variable "environment" {
  description = "Environment variables. Many principals can read task definitions, so this must not contain secrets."
  type        = map(string)
}

variable "secrets" {
  description = "Environment variables that ECS reads from Secrets Manager at task start: secret ARN by variable name."
  type        = map(string)
  default     = {}
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

variable "collector" {
  description = "OpenTelemetry sidecar that receives spans: image by digest, and configuration in YAML instead of collector.yaml. Null for no collector and no spans."
  type = object({
    image         = string
    configuration = optional(string)
  })
  default = null

  validation {
    condition     = var.collector == null || can(regex("@sha256:[0-9a-f]{64}$", var.collector.image))
    error_message = "The collector's image must be given by digest."
  }
}

# Placement ------------------------------------------------------------------------------------------------------------

variable "cluster" {
  description = "ECS cluster."
  type        = object({ arn = string, name = string })
}

variable "vpc_id" {
  description = "VPC id."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets, one per zone."
  type        = list(string)
}

variable "security_group_ids" {
  description = "Security groups of the tasks."
  type        = list(string)
}

# Routing --------------------------------------------------------------------------------------------------------------

variable "load_balancer" {
  description = "Internal load balancer: listener, and name in metrics."
  type        = object({ listener_arn = string, arn_suffix = string })
}

variable "path_patterns" {
  description = "Path patterns of the service. A listener rule holds five at most."
  type        = list(string)

  validation {
    condition     = length(var.path_patterns) > 0
    error_message = "At least one path is required: ECS rejects a target group without a listener."
  }
}

variable "rule_priority" {
  description = "Priority of the first listener rule. Each service has a range of one hundred."
  type        = number
}

variable "health_check_path" {
  description = "Path of the health check, which returns 200 while the service works. It must not depend on a store: ECS replaces all tasks that fail it, and an outage of a shared store would be the failure of all of them."
  type        = string
}

# Capacity -------------------------------------------------------------------------------------------------------------

variable "min_tasks" {
  description = "Minimum number of tasks."
  type        = number
}

variable "max_tasks" {
  description = "Maximum number of tasks."
  type        = number
}

variable "cpu_target_percent" {
  description = "Target of autoscaling: average CPU."
  type        = number
  default     = 55
}

variable "requests_target" {
  description = "Target of autoscaling: requests per minute and task."
  type        = number
}

# Operation ------------------------------------------------------------------------------------------------------------

variable "deployment_config" {
  description = "CodeDeploy configuration for moving traffic to new tasks."
  type        = string
  default     = "CodeDeployDefault.ECSCanary10Percent5Minutes"
}

variable "blue_minutes" {
  description = "Time for which old tasks are kept after a release. During this time, a rollback only moves traffic."
  type        = number
}

variable "kms_key_arn" {
  description = "KMS key of logs and secrets."
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

variable "p99_alarm_seconds" {
  description = "Threshold of the alarm on p99 latency."
  type        = number
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of the created roles. Null for none."
  type        = string
  default     = null
}

variable "emulator" {
  description = "True omits what emulators of AWS lack (CodeDeploy, autoscaling). Never true on AWS."
  type        = bool
  default     = false
}
