# product: catalogue, search, stock. A service behind the load balancer, its inboxes, and PostgreSQL (database.tf).

locals {
  service = one([for service in local.topology.services : service if service.name == "product"])
  queues  = { for queue in local.topology.queues : queue.name => queue if queue.consumer == "product" }
  routes  = [for route in local.topology.routes : route if route.target == "product"]

  # `/v1/products/*` covers `/v1/products/{id}` and all paths below it.
  paths         = [for route in local.routes : split(" ", route.route)[1]]
  path_patterns = distinct([for path in local.paths : strcontains(path, "{") ? "${split("{", path)[0]}*" : path])

  # One hundred priorities per service, by its position in the topology, so that no two services overlap.
  rule_priority = 100 * (1 + index(local.topology.services[*].name, local.service.name))
}

# Confirmed, rejected and cancelled orders.
module "inbox" {
  source = "../../modules/queue"

  name                       = "${local.name_prefix}-product-inbox"
  visibility_timeout_seconds = local.queues.product-inbox.visibility_timeout_seconds
  max_receive_count          = local.queues.product-inbox.max_receive_count
  kms_key_arn                = local.platform.kms_data_key_arn
  alarm_topic_arn            = local.platform.alarm_topic_arn

  # The stock of a confirmed order is reserved for minutes.
  oldest_message_alarm_seconds = 60

  subscriptions = { for subscription in local.queues.product-inbox.subscriptions : subscription.topic => {
    topic_arn = local.platform["topic_arn_${subscription.topic}"]
    types     = subscription.types
  } }
}

# Placed orders: a queue of their own, so that under load they do not delay the confirmations of others.
module "reservations" {
  source = "../../modules/queue"

  name                       = "${local.name_prefix}-product-reservations"
  visibility_timeout_seconds = local.queues.product-reservations.visibility_timeout_seconds
  max_receive_count          = local.queues.product-reservations.max_receive_count
  kms_key_arn                = local.platform.kms_data_key_arn
  alarm_topic_arn            = local.platform.alarm_topic_arn

  # An order waits for its stock for two minutes.
  oldest_message_alarm_seconds = 60

  subscriptions = { for subscription in local.queues.product-reservations.subscriptions : subscription.topic => {
    topic_arn = local.platform["topic_arn_${subscription.topic}"]
    types     = subscription.types
  } }
}

module "service" {
  source = "../../modules/ecs-service"

  name               = "${local.name_prefix}-${local.service.name}"
  repository_url     = local.platform.ecr_repository_url_product
  image_digest       = var.image_digest
  cpu                = var.cpu
  memory_mb          = var.memory_mb
  cluster            = { arn = local.platform.ecs_cluster_arn, name = local.platform.ecs_cluster_name }
  vpc_id             = local.platform.vpc_id
  subnet_ids         = split(",", local.platform.private_subnet_ids)
  security_group_ids = [local.platform.app_security_group_id, local.platform.database_client_security_group_id]
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

  environment = merge(local.database_environment, {
    LISTEN_ADDR              = "0.0.0.0:8080"
    PRODUCT_EVENTS_TOPIC_ARN = local.platform["topic_arn_product-events"]
    PRODUCT_INBOX_URL        = module.inbox.url
    PRODUCT_RESERVATIONS_URL = module.reservations.url
    TOKEN_ISSUER             = trimsuffix(local.platform.http_api_url, "/")
    RESERVATION_TTL_SECONDS  = tostring(var.reservation_ttl_seconds)
    RUST_LOG                 = var.log_level
    AWS_REGION               = var.region
  })

  secrets = { DATABASE_URL = aws_secretsmanager_secret.database_url.arn }

  statements = [
    {
      Sid      = "SignInToDatabase"
      Effect   = "Allow"
      Action   = ["rds-db:connect"]
      Resource = [local.database_user_arn]
    },
    {
      Sid      = "ReadQueues"
      Effect   = "Allow"
      Action   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"]
      Resource = [module.inbox.arn, module.reservations.arn]
    },
    {
      Sid      = "RejectMessages"
      Effect   = "Allow"
      Action   = ["sqs:SendMessage"]
      Resource = [module.inbox.dead_letter_arn, module.reservations.dead_letter_arn]
    },
    {
      Sid       = "UseKeyOfQueues"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = [local.platform.kms_data_key_arn]
      Condition = { StringEquals = { "kms:ViaService" = ["sqs.${var.region}.amazonaws.com"] } }
    },
    {
      Sid      = "Publish"
      Effect   = "Allow"
      Action   = ["sns:Publish"]
      Resource = [local.platform["topic_arn_product-events"]]
    },
    {
      Sid       = "EncryptEvents"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = [local.platform.kms_data_key_arn]
      Condition = { StringEquals = { "kms:ViaService" = ["sns.${var.region}.amazonaws.com"] } }
    },
  ]
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
