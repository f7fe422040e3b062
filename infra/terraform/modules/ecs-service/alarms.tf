# Each metric covers both target groups, because a release changes which of them is in service.

locals {
  target_alarms = {
    errors = {
      description = "${var.name} responds with 5xx."
      metric      = "HTTPCode_Target_5XX_Count"
      stat        = "Sum"
      expression  = "FILL(blue, 0) + FILL(green, 0)"
      comparison  = "GreaterThanThreshold"
      threshold   = 5
      periods     = 3
      datapoints  = 2
      missing     = "notBreaching"
    }
    p99-latency = {
      description = "p99 latency of ${var.name} exceeds ${var.p99_alarm_seconds} s."
      metric      = "TargetResponseTime"
      stat        = "p99"
      expression  = "MAX([FILL(blue, 0), FILL(green, 0)])"
      comparison  = "GreaterThanThreshold"
      threshold   = var.p99_alarm_seconds
      periods     = 5
      datapoints  = 3
      missing     = "notBreaching"
    }
    no-healthy-task = {
      description = "${var.name} has no healthy task behind the load balancer."
      metric      = "HealthyHostCount"
      stat        = "Minimum"
      expression  = "FILL(blue, 0) + FILL(green, 0)"
      comparison  = "LessThanThreshold"
      threshold   = 1
      periods     = 2
      datapoints  = 2
      missing     = "breaching"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "targets" {
  for_each = local.target_alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = each.value.datapoints
  threshold           = each.value.threshold
  comparison_operator = each.value.comparison
  treat_missing_data  = each.value.missing
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]

  metric_query {
    id          = "both"
    label       = each.key
    expression  = each.value.expression
    return_data = true
  }

  dynamic "metric_query" {
    for_each = aws_lb_target_group.this
    content {
      id = metric_query.key
      metric {
        namespace   = "AWS/ApplicationELB"
        metric_name = each.value.metric
        stat        = each.value.stat
        period      = 60
        dimensions = {
          LoadBalancer = var.load_balancer.arn_suffix
          TargetGroup  = metric_query.value.arn_suffix
        }
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "cpu" {
  alarm_name          = "${var.name}-cpu"
  alarm_description   = "CPU of ${var.name} is high despite autoscaling: the maximum of ${var.max_tasks} tasks is reached, or new tasks do not start."
  namespace           = "AWS/ECS"
  metric_name         = "CPUUtilization"
  dimensions          = { ClusterName = var.cluster.name, ServiceName = aws_ecs_service.this.name }
  statistic           = "Average"
  period              = 60
  evaluation_periods  = 10
  threshold           = 85
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "breaching" # a service always has tasks
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]
}
