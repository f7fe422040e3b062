# Topic of all alarms, alarms on shared resources, and the budget.

resource "aws_sns_topic" "alarms" {
  name              = local.topic_names["alarms"]
  kms_master_key_id = aws_kms_key.data.arn
}

resource "aws_sns_topic_policy" "alarms" {
  arn    = aws_sns_topic.alarms.arn
  policy = local.topic_policies["alarms"]
}

resource "aws_sns_topic_subscription" "alarm_emails" {
  for_each = var.alarm_emails

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.key
}

locals {
  # Each description says what is wrong and where to look.
  alarms = merge(
    {
      api_errors = {
        description = "More than 5 percent of requests get a 5xx. Find the route in the access log, then check the log of its service."
        namespace   = "AWS/ApiGateway"
        metric      = "5xx"
        dimensions  = { ApiId = aws_apigatewayv2_api.this.id }
        statistic   = "Average"
        threshold   = 0.05
        periods     = 3
      }
      api_latency = {
        description = "p99 latency exceeds 2 s. Find the route in the access log. integration_latency shows whether the service is slow."
        namespace   = "AWS/ApiGateway"
        metric      = "Latency"
        dimensions  = { ApiId = aws_apigatewayv2_api.this.id }
        statistic   = "p99"
        threshold   = 2000
        periods     = 5
      }
      alb_errors = {
        description = "The load balancer itself returns 5xx: there is no healthy task, or tasks close connections."
        namespace   = "AWS/ApplicationELB"
        metric      = "HTTPCode_ELB_5XX_Count"
        dimensions  = { LoadBalancer = aws_lb.this.arn_suffix }
        statistic   = "Sum"
        threshold   = 10
        periods     = 3
      }
    },
    {
      for name, topic in aws_sns_topic.events : "undelivered_${replace(name, "-", "_")}" => {
        description = "The topic cannot deliver to a queue, because the policy of the queue or the key denies it. Events are being lost. Revert the last change."
        namespace   = "AWS/SNS"
        metric      = "NumberOfNotificationsFailed"
        dimensions  = { TopicName = topic.name }
        statistic   = "Sum"
        threshold   = 0
        periods     = 1
      }
    },
    {
      for index in range(var.nat_gateway_count) : "nat_ports_${index}" => {
        description = "The NAT gateway has no free ports: outbound calls of tasks fail."
        namespace   = "AWS/NATGateway"
        metric      = "ErrorPortAllocation"
        dimensions  = { NatGatewayId = aws_nat_gateway.this[index].id }
        statistic   = "Sum"
        threshold   = 0
        periods     = 1
      }
    },
  )
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${local.name_prefix}-platform-${replace(each.key, "_", "-")}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  period              = 60
  evaluation_periods  = each.value.periods
  # Without traffic there is no data, which is not a failure.
  treat_missing_data = "notBreaching"
  alarm_actions      = [aws_sns_topic.alarms.arn]
  ok_actions         = [aws_sns_topic.alarms.arn]
}

# Covers the whole account instead of this environment's tag: until a tag is activated for cost allocation, a budget by
# tag covers nothing without any warning.
resource "aws_budgets_budget" "monthly" {
  name         = "${local.name_prefix}-monthly"
  budget_type  = "COST"
  limit_amount = tostring(var.monthly_budget_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  dynamic "notification" {
    for_each = { ACTUAL = 80, FORECASTED = 100 }

    content {
      notification_type         = notification.key
      comparison_operator       = "GREATER_THAN"
      threshold                 = notification.value
      threshold_type            = "PERCENTAGE"
      subscriber_sns_topic_arns = [aws_sns_topic.alarms.arn]
    }
  }

  depends_on = [aws_sns_topic_policy.alarms]
}
