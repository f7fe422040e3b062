environment = "prod"

function_deployment_config = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
log_retention_days         = 90
deletion_protection        = true

# Limits sign-ins, so that they cannot exhaust the account's concurrency. A new account needs a higher quota first.
reserved_concurrency = 200
