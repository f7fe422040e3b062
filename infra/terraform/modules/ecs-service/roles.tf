# Two roles without common permissions: the execution role for ECS, and the task role for calls of the service.

locals {
  repository = regex("^(?P<account>[0-9]{12})\\.dkr\\.ecr\\.(?P<region>[a-z0-9-]+)\\.amazonaws\\.com/(?P<name>.+)$", var.repository_url)
  repository_arn = join(":", [
    "arn", data.aws_partition.current.partition, "ecr", local.repository.region, local.repository.account,
    "repository/${local.repository.name}",
  ])

  assumed_by_tasks = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })

  secret_statements = flatten([for secrets in [var.secrets] : [
    {
      Sid       = "ReadSecrets"
      Effect    = "Allow"
      Action    = ["secretsmanager:GetSecretValue"]
      Resource  = sort(distinct(values(secrets)))
      Condition = null
    },
    {
      Sid       = "DecryptSecrets"
      Effect    = "Allow"
      Action    = ["kms:Decrypt"]
      Resource  = [var.kms_key_arn]
      Condition = { StringEquals = { "kms:ViaService" = ["secretsmanager.${data.aws_region.current.id}.amazonaws.com"] } }
    },
  ] if length(secrets) > 0])

  execution_statements = concat(
    [
      {
        Sid       = "SignInToEcr"
        Effect    = "Allow"
        Action    = ["ecr:GetAuthorizationToken"]
        Resource  = ["*"] # GetAuthorizationToken does not support resources
        Condition = null
      },
      {
        Sid       = "PullImage"
        Effect    = "Allow"
        Action    = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource  = [local.repository_arn]
        Condition = null
      },
      {
        Sid       = "WriteOwnLog"
        Effect    = "Allow"
        Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource  = ["${aws_cloudwatch_log_group.this.arn}:log-stream:*"] # one stream per task
        Condition = null
      },
    ],
    local.secret_statements,
  )

  collector_statements = [for collector in var.collector[*] : {
    Sid       = "SendTraces"
    Effect    = "Allow"
    Action    = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    Resource  = ["*"] # these X-Ray actions do not support resources
    Condition = null
  }]

  # IAM rejects statements with null values.
  policies = {
    for role, statements in {
      execution = local.execution_statements
      task      = concat(var.statements, local.collector_statements)
      } : role => jsonencode({
        Version   = "2012-10-17"
        Statement = [for statement in statements : { for name, value in statement : name => value if value != null }]
    })
  }
}

resource "aws_iam_role" "execution" {
  name                 = "${var.name}-execution"
  description          = "Starts tasks of ${var.name}"
  assume_role_policy   = local.assumed_by_tasks
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "execution" {
  name   = "start"
  role   = aws_iam_role.execution.id
  policy = local.policies.execution
}

resource "aws_iam_role" "task" {
  name                 = "${var.name}-task"
  description          = "Permissions of ${var.name}"
  assume_role_policy   = local.assumed_by_tasks
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "task" {
  name   = "own-calls"
  role   = aws_iam_role.task.id
  policy = local.policies.task
}
