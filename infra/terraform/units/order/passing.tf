# No order stays in a passing state for more than its deadline: an alarm on the oldest one in each.
#
# Each sweep of each task logs one line (message `swept`) with the ages, since placing, of the oldest orders. Filters make
# metrics of it. It is a line of level `info`: with `log_level` above that, the alarms tell of the silence.

locals {
  # A sweep ends what a lost reminder has left behind, 30 s later at most; the rest is for AWS's calls and their repetition.
  passing_margin_seconds = 90

  passing_states = {
    placed           = { metric = "OldestPlaced", limit = var.stock_deadline_seconds }
    awaiting_payment = { metric = "OldestAwaitingPayment", limit = var.stock_deadline_seconds + var.payment_deadline_seconds }
  }
  metric_namespace = "${local.name_prefix}/order"
}

resource "aws_cloudwatch_log_metric_filter" "passing" {
  for_each = local.passing_states

  name           = "oldest-${each.key}"
  log_group_name = module.service.log_group
  pattern        = "{ $.message = \"swept\" && $.target = \"order::events::sweep\" }"

  metric_transformation {
    namespace = local.metric_namespace
    name      = each.value.metric
    value     = "$.oldest_${each.key}_seconds"
    unit      = "Seconds"
  }
}

resource "aws_cloudwatch_metric_alarm" "passing" {
  for_each = local.passing_states

  alarm_name          = "${local.name_prefix}-order-stuck-${replace(each.key, "_", "-")}"
  alarm_description   = "An order is ${each.key} for longer than its deadlines allow, or nobody looks any more: no task's sweep succeeds."
  namespace           = local.metric_namespace
  metric_name         = aws_cloudwatch_log_metric_filter.passing[each.key].metric_transformation[0].name
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3
  datapoints_to_alarm = 3
  threshold           = each.value.limit + local.passing_margin_seconds
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "breaching" # each task sweeps twice a minute: silence means that orders may be stuck unseen
  alarm_actions       = [local.platform.alarm_topic_arn]
  ok_actions          = [local.platform.alarm_topic_arn]
}
