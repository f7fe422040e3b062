# order: carts, checkout, order life cycle. A service behind the load balancer, its queue, its table and its relay.

locals {
  service = one([for service in local.topology.services : service if service.name == "order"])
  relay   = one([for function in local.topology.functions : function if function.name == "order-outbox-relay"])
  table   = one([for table in local.topology.tables : table if table.name == "order"])
  queues  = { for queue in local.topology.queues : queue.name => queue if queue.consumer == "order" }
  routes  = [for route in local.topology.routes : route if route.target == "order"]

  # `/v1/orders/*` covers `/v1/orders/{id}` and all paths below it.
  paths         = [for route in local.routes : split(" ", route.route)[1]]
  path_patterns = distinct([for path in local.paths : strcontains(path, "{") ? "${split("{", path)[0]}*" : path])

  # One hundred priorities per service, by its position in the topology, so that no two services overlap.
  rule_priority = 100 * (1 + index(local.topology.services[*].name, local.service.name))
}

module "table" {
  source = "../../modules/table"

  name                = "${local.name_prefix}-${local.table.name}"
  indexes             = local.table.indexes
  stream              = local.table.topic != null
  kms_key_arn         = local.platform.kms_data_key_arn
  deletion_protection = var.deletion_protection
  alarm_topic_arn     = local.platform.alarm_topic_arn
}

module "queues" {
  source   = "../../modules/queue"
  for_each = local.queues

  name                       = "${local.name_prefix}-${each.key}"
  visibility_timeout_seconds = each.value.visibility_timeout_seconds
  max_receive_count          = each.value.max_receive_count
  kms_key_arn                = local.platform.kms_data_key_arn
  alarm_topic_arn            = local.platform.alarm_topic_arn

  oldest_message_alarm_seconds = 120

  subscriptions = { for subscription in each.value.subscriptions : subscription.topic => {
    topic_arn = local.platform["topic_arn_${subscription.topic}"]
    types     = subscription.types
  } }
}

module "service" {
  source = "../../modules/ecs-service"

  name               = "${local.name_prefix}-${local.service.name}"
  repository_url     = local.platform.ecr_repository_url_order
  image_digest       = var.image_digest
  cpu                = var.cpu
  memory_mb          = var.memory_mb
  cluster            = { arn = local.platform.ecs_cluster_arn, name = local.platform.ecs_cluster_name }
  vpc_id             = local.platform.vpc_id
  subnet_ids         = split(",", local.platform.private_subnet_ids)
  security_group_ids = [local.platform.app_security_group_id]
  load_balancer      = { listener_arn = local.platform.alb_listener_arn, arn_suffix = local.platform.alb_arn_suffix }
  path_patterns      = local.path_patterns
  rule_priority      = local.rule_priority
  health_check_path  = local.service.health_check
  min_tasks          = var.min_tasks
  max_tasks          = var.max_tasks
  requests_target    = var.requests_target
  deployment_config  = var.service_deployment_config
  blue_minutes       = var.blue_minutes
  collector          = var.collector

  kms_key_arn              = local.platform.kms_data_key_arn
  log_retention_days       = var.log_retention_days
  alarm_topic_arn          = local.platform.alarm_topic_arn
  p99_alarm_seconds        = var.p99_alarm_seconds
  permissions_boundary_arn = var.permissions_boundary_arn
  emulator                 = var.emulator

  environment = {
    LISTEN_ADDR              = "0.0.0.0:8080"
    ORDER_TABLE              = module.table.name
    ORDER_INBOX_URL          = module.queues["order-inbox"].url
    TOKEN_ISSUER             = trimsuffix(local.platform.http_api_url, "/")
    STOCK_DEADLINE_SECONDS   = tostring(var.stock_deadline_seconds)
    PAYMENT_DEADLINE_SECONDS = tostring(var.payment_deadline_seconds)
    RUST_LOG                 = var.log_level
    AWS_REGION               = var.region
  }

  statements = [
    {
      Sid    = "UseTable"
      Effect = "Allow"
      Action = [
        "dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:GetItem",
        "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem",
      ]
      Resource = [module.table.arn]
    },
    {
      Sid      = "QueryIndexes"
      Effect   = "Allow"
      Action   = ["dynamodb:Query"]
      Resource = [for index in local.table.indexes : "${module.table.arn}/index/${index.name}"]
    },
    {
      Sid       = "DecryptTable"
      Effect    = "Allow"
      Action    = ["kms:Decrypt"]
      Resource  = [local.platform.kms_data_key_arn]
      Condition = { StringEquals = { "kms:ViaService" = ["dynamodb.${var.region}.amazonaws.com"] } }
    },
    {
      Sid      = "ReadQueues"
      Effect   = "Allow"
      Action   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"]
      Resource = [for queue in module.queues : queue.arn]
    },
    {
      Sid      = "RejectMessages"
      Effect   = "Allow"
      Action   = ["sqs:SendMessage"]
      Resource = [for queue in module.queues : queue.dead_letter_arn]
    },
    {
      Sid       = "UseKeyOfQueues"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = [local.platform.kms_data_key_arn]
      Condition = { StringEquals = { "kms:ViaService" = ["sqs.${var.region}.amazonaws.com"] } }
    },
  ]
}

module "relay" {
  source = "../../modules/outbox-relay"

  name                     = "${local.name_prefix}-${local.relay.name}"
  artifact                 = merge(var.relay_artifact, { bucket = var.relay_artifact.key == null ? null : local.platform.artifacts_bucket })
  memory_mb                = local.relay.memory_mb
  timeout_seconds          = local.relay.timeout_seconds
  batch_size               = local.relay.trigger.batch_size
  reserved_concurrency     = var.relay_reserved_concurrency
  table_arn                = module.table.arn
  stream_arn               = module.table.stream_arn
  topic_arn                = local.platform["topic_arn_${local.table.topic}"]
  kms_key_arn              = local.platform.kms_data_key_arn
  log_retention_days       = var.log_retention_days
  log_level                = var.log_level
  alarm_topic_arn          = local.platform.alarm_topic_arn
  deployment_config        = var.function_deployment_config
  permissions_boundary_arn = var.permissions_boundary_arn
  emulator                 = var.emulator
}

module "routes" {
  source = "../../modules/api-routes"

  http_api_id            = local.platform.http_api_id
  http_api_execution_arn = local.platform.http_api_execution_arn
  authorizer_id          = local.platform.http_api_authorizer_id
  routes                 = [for route in local.routes : { route = route.route, scopes = route.scopes }]

  load_balancer = {
    vpc_link_id     = try(local.platform.vpc_link_id, null)
    listener_arn    = local.platform.alb_listener_arn
    tls_server_name = local.platform.alb_server_name
    emulated_url    = var.emulator ? "${split("/_aws/", local.platform.http_api_url)[0]}/_alb/${local.name_prefix}" : null
  }
}
