module "dashboard" {
  source = "../../modules/dashboard"

  name   = "${local.name_prefix}-payment"
  region = var.region

  graphs = [
    {
      title = "Outcomes"
      lines = [for outcome, filter in aws_cloudwatch_log_metric_filter.outcomes : {
        namespace = local.metric_namespace, metric = filter.metric_transformation[0].name, dimensions = {}, stat = "Sum", label = outcome
      }]
    },
    {
      title = "Oldest pending void"
      lines = [{
        namespace = local.metric_namespace, metric = aws_cloudwatch_log_metric_filter.pending_voids.metric_transformation[0].name, dimensions = {}, stat = "Maximum", label = "seconds"
      }]
    },
    {
      title = "Invocations"
      lines = [for metric in ["Invocations", "Errors", "Throttles"] : {
        namespace = "AWS/Lambda", metric = metric, dimensions = { FunctionName = module.function.name }, stat = "Sum", label = metric
      }]
    },
    {
      title = "Duration"
      lines = [for stat in ["p50", "p99"] : {
        namespace = "AWS/Lambda", metric = "Duration", dimensions = { FunctionName = module.function.name }, stat = stat, label = stat
      }]
    },
    {
      title = "Concurrency"
      lines = [{
        namespace = "AWS/Lambda", metric = "ConcurrentExecutions", dimensions = { FunctionName = module.function.name }, stat = "Maximum", label = "at once"
      }]
    },
    {
      title = "Inbox: age of the oldest message"
      lines = [{
        namespace = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", dimensions = { QueueName = module.inbox.name }, stat = "Maximum", label = "seconds"
      }]
    },
    {
      title = "Inbox: messages"
      lines = [
        { namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", dimensions = { QueueName = module.inbox.name }, stat = "Maximum", label = "waiting" },
        { namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesNotVisible", dimensions = { QueueName = module.inbox.name }, stat = "Maximum", label = "in work" },
        { namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", dimensions = { QueueName = module.inbox.dead_letter_name }, stat = "Maximum", label = "dead letters" },
      ]
    },
    {
      title = "Relay: milliseconds behind the stream"
      lines = [{
        namespace = "AWS/Lambda", metric = "IteratorAge", dimensions = { FunctionName = module.relay.name }, stat = "Maximum", label = "behind"
      }]
    },
    {
      title = "Table: throttled"
      lines = [for metric in ["ReadThrottleEvents", "WriteThrottleEvents"] : {
        namespace = "AWS/DynamoDB", metric = metric, dimensions = { TableName = module.table.name }, stat = "Sum", label = metric
      }]
    },
    {
      title = "Table: capacity used"
      lines = [for metric in ["ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"] : {
        namespace = "AWS/DynamoDB", metric = metric, dimensions = { TableName = module.table.name }, stat = "Sum", label = metric
      }]
    },
  ]
}
