variable "name" {
  description = "Name of the dashboard."
  type        = string
}

variable "region" {
  description = "AWS Region of the metrics."
  type        = string
}

variable "graphs" {
  description = "Graphs in reading order: a title and lines. A line is a namespace, a metric, its dimensions, a statistic and a label."
  type = list(object({
    title = string
    lines = list(object({
      namespace  = string
      metric     = string
      dimensions = map(string)
      stat       = string
      label      = string
    }))
  }))
}
