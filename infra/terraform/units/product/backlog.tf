# Alarms on events that are not published, reservations that are not released and orders that do not answer, and on the
# silence of the sweep.
#
# Each sweep of each task logs one line (message `swept`). Metric filters turn it into metrics. The line has level `info`. A
# higher `log_level` suppresses it, and the alarms fire.

locals {
  # Age, or number, above which an alarm fires. Every task sweeps every 15 s, and publishes within seconds.
  backlog = {
    oldest_outbox_seconds = {
      metric = "OldestOutbox", limit = 60, unit = "Seconds"
      action = "The topic does not accept events, or no task publishes. Orders are cancelled while their stock is not announced. Look in product's log for `could not publish events to SNS` and `could not read or update the outbox`."
    }
    oldest_expired_seconds = {
      metric = "OldestExpired", limit = 60, unit = "Seconds"
      action = "Reservations at their end are not released. Look in product's log for `sweep failed`."
    }
    parked_events = {
      metric = "ParkedEvents", limit = 0, unit = "Count"
      action = "SNS refuses an event for good. Look in product's log for `SNS refuses an event`, then at the rows of `outbox` with `parked_at`: correct them and set `due_at = now(), parked_at = null`, or delete them."
    }
    unanswered_orders = {
      metric = "UnansweredOrders", limit = 0, unit = "Count"
      action = "Orders do not tell their end for hours, so their stock may be sold twice. Look in product's log for `order does not answer`, then in order's log for the `order_id`, and in both inboxes' dead-letter queues."
    }
  }
  metric_namespace = "${local.name_prefix}/product"
}

resource "aws_cloudwatch_log_metric_filter" "backlog" {
  for_each = local.backlog

  name           = replace(each.key, "_", "-")
  log_group_name = module.service.log_group
  pattern        = "{ $.message = \"swept\" && $.target = \"product::events::sweep\" }"

  metric_transformation {
    namespace = local.metric_namespace
    name      = each.value.metric
    value     = "$.${each.key}"
    unit      = each.value.unit
  }
}

resource "aws_cloudwatch_metric_alarm" "backlog" {
  for_each = local.backlog

  alarm_name          = "${local.name_prefix}-product-${replace(each.key, "_", "-")}"
  alarm_description   = "${each.value.action} It also fires if no task completes its sweep."
  namespace           = local.metric_namespace
  metric_name         = aws_cloudwatch_log_metric_filter.backlog[each.key].metric_transformation[0].name
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3
  datapoints_to_alarm = 3
  threshold           = each.value.limit
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "breaching" # each task sweeps four times a minute
  alarm_actions       = [local.platform.alarm_topic_arn]
  ok_actions          = [local.platform.alarm_topic_arn]
}
