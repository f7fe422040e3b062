# Dashboard with three graphs per row.

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    widgets = [for position, graph in var.graphs : {
      type   = "metric"
      width  = 8
      height = 6
      x      = 8 * (position % 3)
      y      = 6 * floor(position / 3)
      properties = {
        title  = graph.title
        region = var.region
        view   = "timeSeries"
        period = 60
        metrics = [for line in graph.lines : concat(
          [line.namespace, line.metric],
          flatten([for name, value in line.dimensions : [name, value]]),
          [{ stat = line.stat, label = line.label }],
        )]
      }
    }]
  })
}
