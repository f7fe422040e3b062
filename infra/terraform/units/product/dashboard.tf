module "dashboard" {
  source = "../../modules/dashboard"

  name   = "${local.name_prefix}-product"
  region = var.region

  graphs = [
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
      lines = [for label, queue in { inbox = module.inbox, reservations = module.reservations } : {
        namespace = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", dimensions = { QueueName = queue.name }, stat = "Maximum", label = label
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
      title = "Reservations: messages"
      lines = [
        { namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", dimensions = { QueueName = module.reservations.name }, stat = "Maximum", label = "waiting" },
        { namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesNotVisible", dimensions = { QueueName = module.reservations.name }, stat = "Maximum", label = "in work" },
        { namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", dimensions = { QueueName = module.reservations.dead_letter_name }, stat = "Maximum", label = "dead letters" },
      ]
    },
    {
      title = "Database: CPU, percent"
      lines = [{
        namespace = "AWS/RDS", metric = "CPUUtilization", dimensions = { DBInstanceIdentifier = aws_db_instance.this.identifier }, stat = "Average", label = "CPU"
      }]
    },
    {
      title = "Database: connections"
      lines = [{
        namespace = "AWS/RDS", metric = "DatabaseConnections", dimensions = { DBInstanceIdentifier = aws_db_instance.this.identifier }, stat = "Maximum", label = "connections"
      }]
    },
  ]
}
