variable "name" {
  description = "Name of the queue on AWS. The dead-letter queue is `<name>-dlq`."
  type        = string
}

variable "visibility_timeout_seconds" {
  description = "Visibility timeout, at least six times the timeout of a consuming function."
  type        = number
}

variable "max_receive_count" {
  description = "Number of receives before a message becomes a dead letter."
  type        = number
}

variable "subscriptions" {
  description = "Event types to deliver, by topic name in the topology."
  type = map(object({
    topic_arn = string
    types     = list(string)
  }))
  default = {}

  validation {
    condition     = alltrue([for subscription in var.subscriptions : length(subscription.types) > 0])
    error_message = "A subscription requires event types."
  }
}

variable "kms_key_arn" {
  description = "KMS key of messages. Its policy has to allow SNS, otherwise subscriptions deliver nothing."
  type        = string
}

variable "alarm_topic_arn" {
  description = "SNS topic that receives alarms."
  type        = string
}

variable "oldest_message_alarm_seconds" {
  description = "Threshold of the alarm on the age of the oldest message."
  type        = number
  default     = 300
}
