# user: accounts and tokens. A function behind the HTTP API, its table, its outbox relay, and the signing key.

locals {
  function = one([for function in local.topology.functions : function if function.name == "user"])
  relay    = one([for function in local.topology.functions : function if function.name == "user-outbox-relay"])
  table    = one([for table in local.topology.tables : table if table.name == "user"])
  routes   = [for route in local.topology.routes : route if route.target == "user" && (var.issuer_answers || route.scopes == null)]
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

module "function" {
  source = "../../modules/function"

  name                     = "${local.name_prefix}-${local.function.name}"
  description              = "Accounts and tokens"
  artifact                 = merge(var.artifact, { bucket = var.artifact.key == null ? null : local.platform.artifacts_bucket })
  memory_mb                = local.function.memory_mb
  timeout_seconds          = local.function.timeout_seconds
  reserved_concurrency     = var.reserved_concurrency
  kms_key_arn              = local.platform.kms_data_key_arn
  log_retention_days       = var.log_retention_days
  alarm_topic_arn          = local.platform.alarm_topic_arn
  p99_alarm_ms             = var.p99_alarm_ms
  deployment_config        = var.function_deployment_config
  permissions_boundary_arn = var.permissions_boundary_arn
  emulator                 = var.emulator

  environment = {
    USER_TABLE           = module.table.name
    TOKEN_SIGNING_KEY_ID = aws_kms_key.signing.arn
    TOKEN_ISSUER         = trimsuffix(local.platform.http_api_url, "/") # `iss` of tokens has exactly this value
    RUST_LOG             = var.log_level
  }

  statements = [
    {
      # No Scan: only the repair of the outbox needs it, and operators use their own role for that.
      Sid    = "UseTable"
      Effect = "Allow"
      Action = [
        "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:GetItem",
        "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem",
      ]
      Resource = [module.table.arn]
    },
    {
      Sid       = "DecryptTable"
      Effect    = "Allow"
      Action    = ["kms:Decrypt"]
      Resource  = [local.platform.kms_data_key_arn]
      Condition = { StringEquals = { "kms:ViaService" = ["dynamodb.${var.region}.amazonaws.com"] } }
    },
    {
      Sid       = "SignTokens"
      Effect    = "Allow"
      Action    = ["kms:Sign"]
      Resource  = [aws_kms_key.signing.arn]
      Condition = { StringEquals = { "kms:SigningAlgorithm" = ["RSASSA_PKCS1_V1_5_SHA_256"] } }
    },
    {
      Sid      = "PublishSigningKey"
      Effect   = "Allow"
      Action   = ["kms:GetPublicKey"]
      Resource = [aws_kms_key.signing.arn]
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
  authorizer_id          = one(data.aws_ssm_parameter.authorizer[*].insecure_value)
  routes                 = [for route in local.routes : { route = route.route, scopes = route.scopes }]
  timeout_ms             = local.function.timeout_seconds * 1000

  function = {
    name       = module.function.name
    alias      = module.function.alias
    invoke_arn = module.function.invoke_arn
  }
}
