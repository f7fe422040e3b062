variable "name" {
  description = "Name of the queue on AWS. Its dead-letter queue is called `<name>-dlq`."
  type        = string
}

variable "visibility_timeout_seconds" {
  description = "How long a received message is hidden. At least six times the timeout of a function that consumes it."
  type        = number
}

variable "max_receive_count" {
  description = "How often a message is received before it becomes a dead letter."
  type        = number
}

variable "subscriptions" {
  description = "Topics by their name in the topology, each with the event types that are delivered."
  type = map(object({
    topic_arn = string
    types     = list(string)
  }))
  default = {}

  validation {
    condition     = alltrue([for subscription in var.subscriptions : length(subscription.types) > 0])
    error_message = "A subscription without event types would deliver nothing, or everything."
  }
}

variable "kms_key_arn" {
  description = "The key that messages are encrypted with. Its policy lets SNS use it, or subscriptions deliver nothing."
  type        = string
}

variable "alarm_topic_arn" {
  description = "Where alarms go."
  type        = string
}

variable "oldest_message_alarm_seconds" {
  description = "The age of the oldest message that nobody should wait for any longer."
  type        = number
  default     = 300
}
