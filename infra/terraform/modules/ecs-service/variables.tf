variable "name" {
  description = "Name of the service on AWS."
  type        = string

  validation {
    condition     = length(var.name) <= 26
    error_message = "Target groups are called `<name>-green`, in 32 characters at most."
  }
}

# What runs ------------------------------------------------------------------------------------------------------------

variable "repository_url" {
  description = "The ECR repository of the image."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}\\.dkr\\.ecr\\.[a-z0-9-]+\\.amazonaws\\.com/.+$", var.repository_url))
    error_message = "The URL of a private ECR repository, as `123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/order`."
  }
}

variable "image_digest" {
  description = "The image that the service begins with, by digest: a tag may become another image. Only the first apply needs it."
  type        = string

  validation {
    condition     = var.image_digest == null || can(regex("^sha256:[0-9a-f]{64}$", var.image_digest))
    error_message = "A digest, such as `sha256:` and 64 hexadecimal digits."
  }
}

variable "cpu" {
  description = "CPU units of a task, the collector included."
  type        = number
}

variable "memory_mb" {
  description = "Memory of a task, the collector included."
  type        = number
}

variable "port" {
  description = "Where the service listens. The platform's security groups know this one."
  type        = number
  default     = 8080
}

variable "environment" {
  description = "The settings of the service. Task definitions are readable to many: no secret belongs here."
  type        = map(string)
}

variable "secrets" {
  description = "Settings that ECS reads from Secrets Manager when a task starts: ARN of the secret by the variable's name."
  type        = map(string)
  default     = {}
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

variable "collector" {
  description = "An OpenTelemetry collector beside the service, which sends its spans there: image by digest, and configuration as YAML unless it is collector.yaml. Null for none: no spans are sent."
  type = object({
    image         = string
    configuration = optional(string)
  })
  default = null

  validation {
    condition     = var.collector == null || can(regex("@sha256:[0-9a-f]{64}$", var.collector.image))
    error_message = "The collector's image is named by its digest."
  }
}

# Where it runs --------------------------------------------------------------------------------------------------------

variable "cluster" {
  description = "The ECS cluster."
  type        = object({ arn = string, name = string })
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets, one per zone."
  type        = list(string)
}

variable "security_group_ids" {
  description = "The groups that tasks are in."
  type        = list(string)
}

# What reaches it ------------------------------------------------------------------------------------------------------

variable "load_balancer" {
  description = "The internal load balancer: its listener, and its name in metrics."
  type        = object({ listener_arn = string, arn_suffix = string })
}

variable "path_patterns" {
  description = "The paths that are the service's own. The load balancer compares five at most in one rule."
  type        = list(string)

  validation {
    condition     = length(var.path_patterns) > 0
    error_message = "Without a path nothing would reach the service, and ECS refuses a target group without a listener."
  }
}

variable "rule_priority" {
  description = "Priority of the first rule; each unit has a hundred of its own."
  type        = number
}

variable "health_check_path" {
  description = "Answers 200 when the service can work."
  type        = string
}

# How much of it -------------------------------------------------------------------------------------------------------

variable "min_tasks" {
  description = "Tasks at the least."
  type        = number
}

variable "max_tasks" {
  description = "Tasks at the most."
  type        = number
}

variable "cpu_target_percent" {
  description = "The mean CPU that autoscaling keeps."
  type        = number
  default     = 55
}

variable "requests_target" {
  description = "The requests per minute and task that autoscaling keeps."
  type        = number
}

# Operating ------------------------------------------------------------------------------------------------------------

variable "deployment_config" {
  description = "How CodeDeploy moves traffic to new tasks."
  type        = string
  default     = "CodeDeployDefault.ECSCanary10Percent5Minutes"
}

variable "blue_minutes" {
  description = "How long the old tasks stay after a release: the time in which a rollback is a switch."
  type        = number
}

variable "kms_key_arn" {
  description = "The key of logs and secrets."
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

variable "p99_alarm_seconds" {
  description = "The 99th percentile of latency that is too slow."
  type        = number
}

variable "permissions_boundary_arn" {
  description = "The most that the roles made here may ever do; null for no boundary."
  type        = string
  default     = null
}

variable "emulator" {
  description = "True leaves out what emulators of AWS do not have (CodeDeploy, autoscaling), to try the rest on one. Never on AWS."
  type        = bool
  default     = false
}
