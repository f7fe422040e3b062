module "dashboard" {
  source = "../../modules/dashboard"

  name   = "${local.name_prefix}-order"
  region = var.region

  graphs = [
    {
      title = "Orders"
      lines = [for outcome, filter in aws_cloudwatch_log_metric_filter.outcomes : {
        namespace = local.metric_namespace, metric = filter.metric_transformation[0].name, dimensions = {}, stat = "Sum", label = replace(outcome, "_", " ")
      }]
    },
    {
      title = "Requests to product and payment that are not answered"
      lines = [for owed in keys(local.obligations) : {
        namespace = local.metric_namespace, metric = aws_cloudwatch_log_metric_filter.unanswered.metric_transformation[0].name, dimensions = { Owed = owed }, stat = "Sum", label = owed
      }]
    },
    {
      title = "Captures overdue"
      lines = [{
        namespace = local.metric_namespace, metric = aws_cloudwatch_log_metric_filter.captures.metric_transformation[0].name, dimensions = {}, stat = "Sum", label = "authorization expires within a day"
      }]
    },
    {
      title = "Requests"
      lines = [for group in module.service.target_groups : {
        namespace = "AWS/ApplicationELB", metric = "RequestCount", dimensions = { LoadBalancer = local.platform.alb_arn_suffix, TargetGroup = group }, stat = "Sum", label = group
      }]
    },
    {
      title = "5xx responses"
      lines = [for group in module.service.target_groups : {
        namespace = "AWS/ApplicationELB", metric = "HTTPCode_Target_5XX_Count", dimensions = { LoadBalancer = local.platform.alb_arn_suffix, TargetGroup = group }, stat = "Sum", label = group
      }]
    },
    {
      title = "Latency, 99th percentile"
      lines = [for group in module.service.target_groups : {
        namespace = "AWS/ApplicationELB", metric = "TargetResponseTime", dimensions = { LoadBalancer = local.platform.alb_arn_suffix, TargetGroup = group }, stat = "p99", label = group
      }]
    },
    {
      title = "CPU and memory of the tasks, percent"
      lines = [for metric in ["CPUUtilization", "MemoryUtilization"] : {
        namespace = "AWS/ECS", metric = metric, dimensions = { ClusterName = local.platform.ecs_cluster_name, ServiceName = module.service.name }, stat = "Average", label = metric
      }]
    },
    {
      title = "Queues: age of the oldest message"
      lines = [for queue in module.queues : {
        namespace = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", dimensions = { QueueName = queue.name }, stat = "Maximum", label = queue.name
      }]
    },
    {
      title = "Dead letters"
      lines = [for queue in module.queues : {
        namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", dimensions = { QueueName = queue.dead_letter_name }, stat = "Maximum", label = queue.dead_letter_name
      }]
    },
    {
      title = "Oldest order in a transient state, seconds"
      lines = [for state, transient in local.transient_states : {
        namespace = local.metric_namespace, metric = transient.metric, dimensions = {}, stat = "Maximum", label = state
      }]
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
