# Alarms on the outcomes of orders: a shop that sells nothing may have no error, no dead letter and no old order.
#
# Each committed change of an order logs one line (message `order changed`), and each repeated request another one
# (`obligation overdue`). Metric filters count them. The lines have the levels `info` and `warn`: a higher `log_level`
# suppresses them. That nothing is logged at all is the matter of the alarms on the sweep, in transient.tf.

locals {
  # A condition on the status alone would also count later changes of an order in that status, such as another void. So
  # each has the cause and, where that is ambiguous, the event.
  outcomes = {
    placed    = { metric = "Placed", condition = "$.cause = \"checkout\"" }
    confirmed = { metric = "Confirmed", condition = "$.cause = \"payment_authorized\" && $.events = \"shop.order.confirmed.v1*\"" }
    rejected  = { metric = "Rejected", condition = "$.status = \"rejected\" && ($.cause = \"stock_rejected\" || $.cause = \"stock_reserved\")" }
    timed_out = { metric = "CancelledByDeadline", condition = "$.status = \"cancelled\" && $.cause = \"deadline_passed\"" }
    declined  = { metric = "Declined", condition = "$.cause = \"payment_declined\"" }
  }

  # A rate of few orders means nothing, so each denominator has a minimum: six orders of 25, seven payments of ten.
  outcome_alarms = {
    timed-out = {
      description = "More than 20 percent of new orders are cancelled by their deadline: stock or payments are processed too late or not at all. Look at the age of the inboxes of product and payment, at product's oldest unpublished event, then at the processor's status page. An order also ends this way if its card is declined and the customer gives no other: compare the graph of declines."
      metrics     = ["placed", "timed_out"]
      expression  = "100 * timed_out / IF(placed > 25, placed, 25)"
      threshold   = 20
      minutes     = 10
    }
    declined = {
      description = "More than 60 percent of payments are declined. Look in payment's log at the reasons. If they are alike, the account at the processor is restricted, its key is that of another account, or all cards need authentication: see the processor's dashboard. If they differ and come from few customers, stolen cards are being tested: block the accounts."
      metrics     = ["confirmed", "declined"]
      expression  = "100 * declined / IF(confirmed + declined > 10, confirmed + declined, 10)"
      threshold   = 60
      minutes     = 15
    }
    none-confirmed = {
      description = "Orders are placed, and none was confirmed in 15 minutes: the shop sells nothing. Follow one of them through the services by its id: `order changed` in order's log is its last step. Then look at the service that has not answered."
      metrics     = ["placed", "confirmed"]
      expression  = "IF(confirmed == 0, placed, 0)"
      threshold   = 2 # the only order of a quiet night may be the one that is abandoned
      minutes     = 15
    }
    none-confirmed-in-an-hour = {
      description = "As none-confirmed, for a shop with few orders: of at least three orders in an hour, none was confirmed."
      metrics     = ["placed", "confirmed"]
      expression  = "IF(confirmed == 0, placed, 0)"
      threshold   = 2
      minutes     = 60
    }
  }

  # Requests are repeated every six hours at most. The alarm lasts as long as there are any, not for one period of each.
  six_hours = 25

  # An unanswered request of stock is not here: the order is cancelled before the third one.
  obligations = {
    authorization = {
      periods     = 1
      description = "Payment has not answered a payment request for 7 minutes, and the customer is waiting. Look at payment's inbox and its dead letters, then at the processor's status page."
    }
    void = {
      periods     = local.six_hours
      description = "Payment has not answered a void for more than an hour: a customer's money may still be held for an order that has ended. Look for the payment in payment's log and in the processor's dashboard, and cancel it there if it is still authorized. Order repeats the void until it is answered."
    }
    return = {
      periods     = local.six_hours
      description = "Product has not returned the stock of a cancelled order for half an hour: the pieces are not for sale. Look at product's inbox and its dead letters. Order repeats the cancellation until it is answered."
    }
  }
}

resource "aws_cloudwatch_log_metric_filter" "outcomes" {
  for_each = local.outcomes

  name           = "orders-${replace(each.key, "_", "-")}"
  log_group_name = module.service.log_group
  pattern        = "{ $.message = \"order changed\" && $.target = \"order::saga\" && ${each.value.condition} }"

  metric_transformation {
    namespace = local.metric_namespace
    name      = each.value.metric
    value     = "1"
    unit      = "Count"

    # Published for each minute in which the service logs anything else, so that no expression lacks a metric.
    default_value = "0"
  }
}

resource "aws_cloudwatch_metric_alarm" "outcomes" {
  for_each = local.outcome_alarms

  alarm_name          = "${local.name_prefix}-order-${each.key}"
  alarm_description   = each.value.description
  evaluation_periods  = 1
  threshold           = each.value.threshold
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching" # without orders there is no outcome, and without logs the alarms on the sweep fire
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
}

# Requests that were not answered twice before: the third and later repetitions, by what is owed. A single repetition is
# normal, as messages may be late.
resource "aws_cloudwatch_log_metric_filter" "unanswered" {
  name           = "orders-unanswered"
  log_group_name = module.service.log_group
  pattern        = "{ $.message = \"obligation overdue\" && $.target = \"order::saga\" && $.asked >= 3 }"

  metric_transformation {
    namespace  = local.metric_namespace
    name       = "Unanswered"
    value      = "1"
    unit       = "Count"
    dimensions = { Owed = "$.owed" }
  }
}

resource "aws_cloudwatch_metric_alarm" "unanswered" {
  for_each = local.obligations

  alarm_name          = "${local.name_prefix}-order-unanswered-${each.key}"
  alarm_description   = "${each.value.description} The orders: message `obligation overdue` with owed = ${each.key} in order's log."
  namespace           = local.metric_namespace
  metric_name         = aws_cloudwatch_log_metric_filter.unanswered.metric_transformation[0].name
  dimensions          = { Owed = each.key }
  statistic           = "Sum"
  period              = 900
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching" # the metric exists only while requests are not answered
  alarm_actions       = [local.platform.alarm_topic_arn]
  ok_actions          = [local.platform.alarm_topic_arn]
}

resource "aws_cloudwatch_log_metric_filter" "captures" {
  name           = "orders-capture-overdue"
  log_group_name = module.service.log_group
  pattern        = "{ $.message = \"obligation overdue\" && $.target = \"order::saga\" && $.owed = \"capture\" }"

  metric_transformation {
    namespace = local.metric_namespace
    name      = "CapturesOverdue"
    value     = "1"
    unit      = "Count"
  }
}

resource "aws_cloudwatch_metric_alarm" "captures" {
  alarm_name          = "${local.name_prefix}-order-capture-overdue"
  alarm_description   = "The authorization of a confirmed order expires within 24 hours, or has expired, and its money is not captured. The shop cannot capture yet: capture it in the processor's dashboard before the parcel leaves, or cancel the order. The orders: message `obligation overdue` with owed = capture in order's log."
  namespace           = local.metric_namespace
  metric_name         = aws_cloudwatch_log_metric_filter.captures.metric_transformation[0].name
  statistic           = "Sum"
  period              = 900
  evaluation_periods  = local.six_hours
  datapoints_to_alarm = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching" # the metric exists only while captures are overdue
  alarm_actions       = [local.platform.alarm_topic_arn]
  ok_actions          = [local.platform.alarm_topic_arn]
}
