environment = "prod"

function_deployment_config = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
log_retention_days         = 90
deletion_protection        = true

# At least the maximum concurrency of the inbox in infra/topology.json. A new account needs a higher quota first.
reserved_concurrency = 20
