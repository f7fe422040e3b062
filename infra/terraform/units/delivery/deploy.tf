# Permissions of a release (infra/deploy): upload code and images, run a migration, and move traffic with CodeDeploy. A
# release cannot change settings, roles, tables or routes. But the released code runs with the roles of functions and
# tasks, so the permission to release includes the permissions of the services.

locals {
  regional = { for service in ["codedeploy", "ecs", "lambda", "logs", "ssm"] : service => "arn:${local.partition}:${service}:${var.region}:${local.account_id}" }

  function_names = [for function in local.topology.functions : "${local.name_prefix}-${function.name}"]
  service_names  = [for service in local.topology.services : "${local.name_prefix}-${service.name}"]
  programs       = distinct(local.topology.functions[*].binary)
  released       = concat(local.function_names, local.service_names)
  zip_arns       = [for program in local.programs : "arn:${local.partition}:s3:::${local.platform.artifacts_bucket}/functions/${program}.zip"]
  cluster_arn    = "${local.regional.ecs}:cluster/${local.platform.ecs_cluster_name}"

  repositories = [
    for service in local.topology.services : regex(
      "^(?P<account>[0-9]{12})\\.dkr\\.ecr\\.(?P<region>[a-z0-9-]+)\\.amazonaws\\.com/(?P<name>.+)$",
      local.platform["ecr_repository_url_${service.name}"],
    )
  ]
  repository_arns = [
    for repository in local.repositories :
    "arn:${local.partition}:ecr:${repository.region}:${repository.account}:repository/${repository.name}"
  ]

  deploy_statements = [
    {
      Sid       = "FindThePlatform"
      Effect    = "Allow"
      Action    = ["ssm:GetParameter"]
      Resource  = [for name in local.parameter_names : "${local.regional.ssm}:parameter/shop/${var.environment}/platform/${name}"]
      Condition = null
    },
    {
      Sid       = "PutZips"
      Effect    = "Allow"
      Action    = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"] # Lambda reads the object with the caller's permissions
      Resource  = local.zip_arns
      Condition = null
    },
    {
      Sid       = "EncryptZips"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = [local.platform.kms_data_key_arn]
      Condition = { StringEquals = { "kms:ViaService" = ["s3.${var.region}.amazonaws.com"] } }
    },
    {
      Sid    = "PublishVersions"
      Effect = "Allow"
      Action = [
        "lambda:GetAlias", "lambda:GetFunctionConfiguration", "lambda:PublishVersion", "lambda:UpdateFunctionCode",
      ]
      Resource  = flatten([for name in local.function_names : ["${local.regional.lambda}:function:${name}", "${local.regional.lambda}:function:${name}:*"]]) # Lambda numbers versions
      Condition = null
    },
    {
      # A version includes its settings, which are encrypted with the platform's key.
      Sid       = "EncryptSettingsOfVersions"
      Effect    = "Allow"
      Action    = ["kms:CreateGrant", "kms:Decrypt", "kms:Encrypt"]
      Resource  = [local.platform.kms_data_key_arn]
      Condition = { StringEquals = { "kms:ViaService" = ["lambda.${var.region}.amazonaws.com"] } }
    },
    {
      Sid       = "SignInToEcr"
      Effect    = "Allow"
      Action    = ["ecr:GetAuthorizationToken"]
      Resource  = ["*"] # GetAuthorizationToken does not support resources
      Condition = null
    },
    {
      Sid    = "PushImages"
      Effect = "Allow"
      Action = [
        "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeImages",
        "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
      ]
      Resource  = local.repository_arns
      Condition = null
    },
    {
      Sid       = "RegisterRevisions"
      Effect    = "Allow"
      Action    = ["ecs:DescribeTaskDefinition", "ecs:RegisterTaskDefinition"]
      Resource  = ["*"] # these ECS actions do not support resources; PassRole below limits the roles of a revision
      Condition = null
    },
    {
      Sid       = "HandOverRoles"
      Effect    = "Allow"
      Action    = ["iam:PassRole"]
      Resource  = flatten([for name in local.service_names : [for role in ["execution", "task"] : "arn:${local.partition}:iam::${local.account_id}:role/${name}-${role}"]])
      Condition = { StringEquals = { "iam:PassedToService" = ["ecs-tasks.amazonaws.com"] } }
    },
    {
      Sid       = "SeeServices"
      Effect    = "Allow"
      Action    = ["ecs:DescribeServices"]
      Resource  = [for name in local.service_names : "${local.regional.ecs}:service/${local.platform.ecs_cluster_name}/${name}"]
      Condition = null
    },
    {
      Sid       = "RunMigration"
      Effect    = "Allow"
      Action    = ["ecs:RunTask"]
      Resource  = [for name in local.service_names : "${local.regional.ecs}:task-definition/${name}:*"] # ECS numbers revisions
      Condition = { ArnEquals = { "ecs:cluster" = [local.cluster_arn] } }
    },
    {
      Sid       = "WaitForMigration"
      Effect    = "Allow"
      Action    = ["ecs:DescribeTasks"]
      Resource  = ["${local.regional.ecs}:task/${local.platform.ecs_cluster_name}/*"] # ECS generates task ids
      Condition = { ArnEquals = { "ecs:cluster" = [local.cluster_arn] } }
    },
    {
      Sid       = "ReadMigrationsLog"
      Effect    = "Allow"
      Action    = ["logs:GetLogEvents"]
      Resource  = [for name in local.service_names : "${local.regional.logs}:log-group:/shop/${name}:log-stream:service/service/*"] # one stream per task
      Condition = null
    },
    {
      Sid       = "ReleaseAndLook"
      Effect    = "Allow"
      Action    = ["codedeploy:CreateDeployment", "codedeploy:GetDeployment", "codedeploy:ListDeployments"]
      Resource  = [for name in local.released : "${local.regional.codedeploy}:deploymentgroup:${name}/live"]
      Condition = null
    },
    {
      Sid       = "DescribeRelease"
      Effect    = "Allow"
      Action    = ["codedeploy:GetApplicationRevision", "codedeploy:RegisterApplicationRevision"]
      Resource  = [for name in local.released : "${local.regional.codedeploy}:application:${name}"]
      Condition = null
    },
    {
      # The configurations of the profiles, and those of a rollback.
      Sid    = "SeeSteps"
      Effect = "Allow"
      Action = ["codedeploy:GetDeploymentConfig"]
      Resource = [for name in ["ECSAllAtOnce", "ECSCanary10Percent5Minutes", "LambdaAllAtOnce", "LambdaCanary10Percent5Minutes"] :
        "${local.regional.codedeploy}:deploymentconfig:CodeDeployDefault.${name}"
      ]
      Condition = null
    },
    {
      Sid       = "StopRelease"
      Effect    = "Allow"
      Action    = ["codedeploy:StopDeployment"]
      Resource  = ["*"] # StopDeployment does not support resources; deployment ids cannot be guessed
      Condition = null
    },
  ]
}
