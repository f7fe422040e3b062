environment = "dev"

# No canary, as a faulty version harms no customers in dev.
function_deployment_config = "CodeDeployDefault.LambdaAllAtOnce"
log_retention_days         = 7
deletion_protection        = false

