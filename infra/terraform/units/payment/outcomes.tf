# Alarms on the outcomes of payments: a shop whose cards are all declined has no error, no dead letter and no old message.
#
# The function logs one line per outcome that it announces (`payment settled`, or `payment announced again` if order has
# asked again), per message that it handles later, and per attempt to cancel an intent. Metric filters count them. Some of
# the lines have level `info`: a higher `log_level` suppresses them, and the alarm on silence fires.

locals {
  metric_namespace = "${local.name_prefix}/payment"

  outcomes = {
    authorized = { metric = "Authorized", target = "settle", message = "payment settled", condition = "$.state = \"authorized\"" }
    declined   = { metric = "Declined", target = "settle", message = "payment settled", condition = "$.state = \"declined\"" }
    voided     = { metric = "Voided", target = "settle", message = "payment settled", condition = "$.state = \"voided\"" }
    again      = { metric = "AnnouncedAgain", target = "settle", message = "payment announced again", condition = "$.state = \"*\"" }
    unknown    = { metric = "UnknownOutcomes", target = "handle", message = "message not handled, retried later", condition = "$.unknown_outcome IS TRUE" }
    attention  = { metric = "NeedAttention", target = "settle", message = "payment needs attention", condition = "$.problem = \"*\"" }
  }

  outcome_alarms = {
    # A rate of few payments means nothing: seven of ten at least.
    declined = {
      description = "More than 60 percent of payments are declined. Look at `reason` in the lines `payment settled`. If they are alike, the account at the processor is restricted, its key is that of another account, or all cards need authentication: see the processor's dashboard. If they differ and come from few customers, stolen cards are being tested."
      metrics     = ["authorized", "declined"]
      expression  = "100 * declined / IF(authorized + declined > 10, authorized + declined, 10)"
      threshold   = 60
      minutes     = 10
      periods     = 1
    }
    unknown-outcomes = {
      description = "More than ten calls to the processor in 5 minutes ended without a known outcome. They are resumed, but customers wait. Look at `error` in the lines `message not handled, retried later`, then at the processor's status page."
      metrics     = ["unknown"]
      expression  = "unknown"
      threshold   = 10
      minutes     = 5
      periods     = 2
    }
    # Repeated every six hours at most for a captured payment. The alarm lasts meanwhile.
    attention = {
      description = "The processor did something else than requested: another amount or currency, or it captured at once. The payments: lines `payment needs attention`, with `problem` and the id of the intent. The intent is cancelled, except for the problem Captured: refund it in the processor's dashboard. Then find the cause, a setting of the account or a bug."
      metrics     = ["attention"]
      expression  = "attention"
      threshold   = 0
      minutes     = 15
      periods     = 25
    }
    silence = {
      description = "Requests arrive, and no payment was settled in 15 minutes. Look at the log for errors, and at the age of the inbox. The log level may also hide the lines `payment settled`."
      metrics     = ["authorized", "declined", "voided", "again"]
      expression  = "IF(FILL(authorized, 0) + FILL(declined, 0) + FILL(voided, 0) + FILL(again, 0) == 0, sent, 0)"
      threshold   = 2
      minutes     = 15
      periods     = 1
    }
  }

  # Two deliveries of a message are at most five minutes apart, so that every period of ten has a line.
  pending_void_alarm_seconds = 900
}

resource "aws_cloudwatch_log_metric_filter" "outcomes" {
  for_each = local.outcomes

  name           = "payments-${each.key}"
  log_group_name = module.function.log_group
  pattern        = "{ $.message = \"${each.value.message}\" && $.target = \"payment::events::${each.value.target}\" && ${each.value.condition} }"

  metric_transformation {
    namespace = local.metric_namespace
    name      = each.value.metric
    value     = "1"
    unit      = "Count"

    # Published for each minute in which the function logs anything else, so that no expression lacks a metric.
    default_value = "0"
  }
}

resource "aws_cloudwatch_metric_alarm" "outcomes" {
  for_each = local.outcome_alarms

  alarm_name          = "${local.name_prefix}-payment-${each.key}"
  alarm_description   = each.value.description
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = 1
  threshold           = each.value.threshold
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching" # without messages there is no outcome, and a function that is not invoked has an old message
  alarm_actions       = [local.platform.alarm_topic_arn]
  ok_actions          = [local.platform.alarm_topic_arn]

  metric_query {
    id          = "result"
    label       = each.key
    expression  = each.value.expression
    return_data = true
  }

  dynamic "metric_query" {
    for_each = each.value.metrics
    content {
      id = metric_query.value
      metric {
        namespace   = local.metric_namespace
        metric_name = aws_cloudwatch_log_metric_filter.outcomes[metric_query.value].metric_transformation[0].name
        stat        = "Sum"
        period      = 60 * each.value.minutes
      }
    }
  }

  dynamic "metric_query" {
    for_each = strcontains(each.value.expression, "sent") ? ["sent"] : []
    content {
      id = metric_query.value
      metric {
        namespace   = "AWS/SQS"
        metric_name = "NumberOfMessagesSent"
        dimensions  = { QueueName = module.inbox.name }
        stat        = "Sum"
        period      = 60 * each.value.minutes
      }
    }
  }
}

resource "aws_cloudwatch_log_metric_filter" "pending_voids" {
  name           = "payments-pending-voids"
  log_group_name = module.function.log_group
  pattern        = "{ $.message = \"cancelling the intent\" && $.target = \"payment::events::settle\" }"

  metric_transformation {
    namespace = local.metric_namespace
    name      = "OldestPendingVoid"
    value     = "$.void_pending_seconds"
    unit      = "Seconds"
  }
}

resource "aws_cloudwatch_metric_alarm" "pending_voids" {
  alarm_name          = "${local.name_prefix}-payment-pending-voids"
  alarm_description   = "The processor has not confirmed a cancellation for ${local.pending_void_alarm_seconds} s: a customer's money may still be held for an order that has ended. Look at the lines `message not handled, retried later` for the cause. The cancellation is repeated by itself."
  namespace           = local.metric_namespace
  metric_name         = aws_cloudwatch_log_metric_filter.pending_voids.metric_transformation[0].name
  statistic           = "Maximum"
  period              = 600
  evaluation_periods  = 1
  threshold           = local.pending_void_alarm_seconds
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching" # the metric exists only while intents are cancelled
  alarm_actions       = [local.platform.alarm_topic_arn]
  ok_actions          = [local.platform.alarm_topic_arn]
}
