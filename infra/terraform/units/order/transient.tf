# Alarms on the oldest order in each transient state, as no order may stay in one past its deadline.
#
# Each sweep of each task logs one line (message `swept`) with the ages of the oldest orders since placement. Metric
# filters turn it into metrics. The line has level `info`. A higher `log_level` suppresses it, and the alarms fire.

locals {
  # Every task sweeps every 10 s. The rest is for AWS calls and their retries.
  transient_margin_seconds = 60

  # Another card after a decline extends the payment deadline, up to the end of the reservation.
  reservation_seconds = 900

  transient_states = {
    placed           = { metric = "OldestPlaced", limit = var.stock_deadline_seconds }
    awaiting_payment = { metric = "OldestAwaitingPayment", limit = var.stock_deadline_seconds + local.reservation_seconds }
  }
  metric_namespace = "${local.name_prefix}/order"
}

resource "aws_cloudwatch_log_metric_filter" "transient" {
  for_each = local.transient_states

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

resource "aws_cloudwatch_metric_alarm" "transient" {
  for_each = local.transient_states

  alarm_name          = "${local.name_prefix}-order-stuck-${replace(each.key, "_", "-")}"
  alarm_description   = "An order has been ${each.key} past its deadline, or no task completes its sweep. Look in order's log for `sweep failed` and `message not handled`, then at the table's throttles."
  namespace           = local.metric_namespace
  metric_name         = aws_cloudwatch_log_metric_filter.transient[each.key].metric_transformation[0].name
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3
  datapoints_to_alarm = 3
  threshold           = each.value.limit + local.transient_margin_seconds
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "breaching" # each task sweeps six times a minute; without sweeps, stuck orders go unnoticed
  alarm_actions       = [local.platform.alarm_topic_arn]
  ok_actions          = [local.platform.alarm_topic_arn]
}
