variable "name" {
  description = "Name of the table on AWS."
  type        = string
}

variable "indexes" {
  description = "Global secondary indexes, as the topology describes them."
  type = list(object({
    name          = string
    partition_key = string
    sort_key      = string
    projection    = string
  }))
  default = []
}

variable "stream" {
  description = "Whether the table has a stream of new images, for its outbox relay."
  type        = bool
}

variable "kms_key_arn" {
  description = "The key that the table is encrypted with."
  type        = string
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the table."
  type        = bool
}

variable "alarm_topic_arn" {
  description = "Where alarms go."
  type        = string
}
