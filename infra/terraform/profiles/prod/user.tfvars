environment = "prod"

function_deployment_config = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
log_retention_days         = 90
deletion_protection        = true

# A flood of sign-ins must not use up the concurrency of all functions. A new account has to raise its quota first.
reserved_concurrency       = 200
relay_reserved_concurrency = 10
