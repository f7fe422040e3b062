# The topic that every alarm of every unit speaks to, the alarms about what is shared, and the budget.

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
  # Each: what is wrong when it rings, and where to look.
  alarms = merge(
    {
      api_errors = {
        description = "More than 5 of 100 requests get a 5xx. The access log tells by which route; then that service's log."
        namespace   = "AWS/ApiGateway"
        metric      = "5xx"
        dimensions  = { ApiId = aws_apigatewayv2_api.this.id }
        statistic   = "Average"
        threshold   = 0.05
        periods     = 3
      }
      api_latency = {
        description = "One of 100 requests takes longer than 2 s. The access log tells by which route; integration_latency tells whether it is the service."
        namespace   = "AWS/ApiGateway"
        metric      = "Latency"
        dimensions  = { ApiId = aws_apigatewayv2_api.this.id }
        statistic   = "p99"
        threshold   = 2000
        periods     = 5
      }
      alb_errors = {
        description = "The load balancer itself answers 5xx: no healthy task, or tasks that break connections."
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
        description = "The topic could not deliver to a queue: the queue's policy or the key's does not let it. Events are being lost; stop what was deployed last."
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
        description = "The NAT gateway has no ports left: calls from tasks to the outside fail."
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
  # Nobody came by: nothing is wrong.
  treat_missing_data = "notBreaching"
  alarm_actions      = [aws_sns_topic.alarms.arn]
  ok_actions         = [aws_sns_topic.alarms.arn]
}

# Of the whole account, not of this environment's tag: a tag counts only after somebody made it one for cost allocation,
# and until then the budget would watch nothing and look well.
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
