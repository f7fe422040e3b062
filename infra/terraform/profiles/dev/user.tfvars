environment = "dev"

# Without canary: nobody is hurt by a bad version.
function_deployment_config = "CodeDeployDefault.LambdaAllAtOnce"
log_retention_days         = 7
deletion_protection        = false

