# What a release calls (infra/deploy): it brings code and images, has a migration run, and lets CodeDeploy move the traffic.
# It cannot change a setting, a role, a table or a route. What runs with the roles of functions and tasks is the code that
# it brings, so whoever may release can do what the services can.

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
      Action    = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"] # Lambda fetches a version in the name of the caller
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
      Resource  = flatten([for name in local.function_names : ["${local.regional.lambda}:function:${name}", "${local.regional.lambda}:function:${name}:*"]]) # versions are numbered by Lambda
      Condition = null
    },
    {
      # A version takes its settings along, encrypted with the platform's key.
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
      Resource  = ["*"] # it is a token for the account's registry, which is no resource
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
      Resource  = ["*"] # ECS has no resource for these; what a revision may run as is said below
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
      Resource  = [for name in local.service_names : "${local.regional.ecs}:task-definition/${name}:*"] # revisions are numbered by ECS
      Condition = { ArnEquals = { "ecs:cluster" = [local.cluster_arn] } }
    },
    {
      Sid       = "WaitForMigration"
      Effect    = "Allow"
      Action    = ["ecs:DescribeTasks"]
      Resource  = ["${local.regional.ecs}:task/${local.platform.ecs_cluster_name}/*"] # ECS names tasks
      Condition = { ArnEquals = { "ecs:cluster" = [local.cluster_arn] } }
    },
    {
      Sid       = "ReadMigrationsLog"
      Effect    = "Allow"
      Action    = ["logs:GetLogEvents"]
      Resource  = [for name in local.service_names : "${local.regional.logs}:log-group:/shop/${name}:log-stream:service/service/*"] # streams are named by task
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
      # Those of the profiles, and the ones of a rollback.
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
      Resource  = ["*"] # CodeDeploy has no resource for it; ids of deployments cannot be guessed
      Condition = null
    },
  ]
}
