variable "name" {
  description = "Name of the table on AWS."
  type        = string
}

variable "indexes" {
  description = "Global secondary indexes of the topology."
  type = list(object({
    name          = string
    partition_key = string
    sort_key      = string
    projection    = string
  }))
  default = []
}

variable "stream" {
  description = "Enables a stream of new images for the outbox relay."
  type        = bool
}

variable "kms_key_arn" {
  description = "KMS key of the table."
  type        = string
}

variable "deletion_protection" {
  description = "Deletion protection."
  type        = bool
}

variable "alarm_topic_arn" {
  description = "SNS topic that receives alarms."
  type        = string
}
