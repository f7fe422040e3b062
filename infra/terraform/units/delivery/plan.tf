# Permissions of `terraform plan`: read configuration, but not data such as items, messages, objects other than states,
# secrets or log lines. The states of the root modules below contain no secret. That of edge does (the name of its
# origin), so it is not included, and pull requests do not plan edge.

locals {
  # The relay has no root module of its own.
  planned_units = sort(setsubtract(
    setunion(local.programs, local.topology.services[*].name, ["delivery", "platform"]), ["outbox-relay"],
  ))

  reads = {
    acm                     = ["DescribeCertificate", "ListTagsForCertificate"]
    apigateway              = ["GET"]
    application-autoscaling = ["DescribeScalableTargets", "DescribeScalingPolicies", "ListTagsForResource"]
    budgets                 = ["ListTagsForResource", "ViewBudget"]
    cloudtrail              = ["DescribeTrails", "GetEventSelectors", "GetInsightSelectors", "GetTrail", "GetTrailStatus", "ListTags"]
    cloudwatch              = ["DescribeAlarms", "GetDashboard", "ListTagsForResource"]
    codedeploy              = ["GetApplication", "GetDeploymentGroup", "ListTagsForResource"]
    dynamodb                = ["DescribeContinuousBackups", "DescribeTable", "DescribeTimeToLive", "ListTagsOfResource"]
    ec2 = [
      "DescribeAddresses", "DescribeAddressesAttribute", "DescribeAvailabilityZones", "DescribeFlowLogs", "DescribeInternetGateways",
      "DescribeNatGateways", "DescribeNetworkAcls", "DescribeNetworkInterfaces", "DescribePrefixLists", "DescribeRouteTables",
      "DescribeSecurityGroupRules", "DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcAttribute", "DescribeVpcEndpoints",
      "DescribeVpcs",
    ]
    ecr = ["DescribeRepositories", "GetLifecyclePolicy", "ListTagsForResource"]
    ecs = ["DescribeClusters", "DescribeServices", "DescribeTaskDefinition", "ListTagsForResource"]
    elasticloadbalancing = [
      "DescribeCapacityReservation", "DescribeListenerAttributes", "DescribeListeners", "DescribeLoadBalancerAttributes",
      "DescribeLoadBalancers", "DescribeRules", "DescribeTags", "DescribeTargetGroupAttributes", "DescribeTargetGroups",
    ]
    iam = ["GetOpenIDConnectProvider", "GetRole", "GetRolePolicy", "ListAttachedRolePolicies", "ListOpenIDConnectProviders", "ListRolePolicies"]
    kms = ["DescribeKey", "GetKeyPolicy", "GetKeyRotationStatus", "ListAliases", "ListResourceTags"]
    lambda = [
      "GetAlias", "GetEventSourceMapping", "GetFunction", "GetFunctionCodeSigningConfig", "GetFunctionConcurrency",
      "GetFunctionConfiguration", "GetPolicy", "ListTags", "ListVersionsByFunction",
    ]
    logs    = ["DescribeLogGroups", "DescribeMetricFilters", "ListTagsForResource"]
    rds     = ["DescribeDBInstances", "DescribeDBParameterGroups", "DescribeDBParameters", "DescribeDBSubnetGroups", "ListTagsForResource"]
    route53 = ["GetHostedZone", "ListResourceRecordSets", "ListTagsForResource"]
    s3 = [
      "GetAccelerateConfiguration", "GetBucketAcl", "GetBucketCORS", "GetBucketLocation", "GetBucketLogging",
      "GetBucketObjectLockConfiguration", "GetBucketOwnershipControls", "GetBucketPolicy", "GetBucketPublicAccessBlock",
      "GetBucketRequestPayment", "GetBucketTagging", "GetBucketVersioning", "GetBucketWebsite", "GetEncryptionConfiguration",
      "GetLifecycleConfiguration", "GetReplicationConfiguration", "ListBucket",
    ]
    secretsmanager   = ["DescribeSecret", "GetResourcePolicy"]
    servicediscovery = ["GetNamespace", "ListTagsForResource"]
    ses              = ["GetEmailIdentity", "ListTagsForResource"]
    sns              = ["GetSubscriptionAttributes", "GetTopicAttributes", "ListTagsForResource"]
    sqs              = ["GetQueueAttributes", "GetQueueUrl", "ListQueueTags"]
    ssm              = ["DescribeParameters", "ListTagsForResource"]
  }

  plan_statements = [
    {
      Sid       = "ReadConfiguration"
      Effect    = "Allow"
      Action    = flatten([for service, actions in local.reads : [for action in actions : "${service}:${action}"]])
      Resource  = ["*"] # most of these do not support resources, and a plan also queries resources that do not exist yet
      Condition = null
    },
    {
      Sid       = "ReadParameters"
      Effect    = "Allow"
      Action    = ["ssm:GetParameter", "ssm:GetParameters"]
      Resource  = ["arn:${local.partition}:ssm:${var.region}:${local.account_id}:parameter/shop/${var.environment}/*"] # only ids and names
      Condition = null
    },
    {
      # Settings of functions are encrypted and contain no secrets. Without read access, each plan would set them again.
      Sid       = "ReadSettingsOfFunctions"
      Effect    = "Allow"
      Action    = ["kms:Decrypt"]
      Resource  = [local.platform.kms_data_key_arn]
      Condition = { StringEquals = { "kms:ViaService" = ["lambda.${var.region}.amazonaws.com"] } }
    },
    {
      # Read access without locking: the plan of a pull request must not block an apply.
      Sid       = "ReadStates"
      Effect    = "Allow"
      Action    = ["s3:GetObject"]
      Resource  = [for unit in local.planned_units : "arn:${local.partition}:s3:::${local.state_bucket}/shop/${var.environment}/${unit}.tfstate"]
      Condition = null
    },
  ]
}
