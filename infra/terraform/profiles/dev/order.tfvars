# Given by each release: image_digest, relay_artifact.

environment = "dev"

cpu       = 256
memory_mb = 512
min_tasks = 1
max_tasks = 2

# All at once, and the old tasks go at once: nobody is hurt by a bad version.
service_deployment_config = "CodeDeployDefault.ECSAllAtOnce"
blue_minutes              = 0

function_deployment_config = "CodeDeployDefault.LambdaAllAtOnce"
log_retention_days         = 7
deletion_protection        = false

