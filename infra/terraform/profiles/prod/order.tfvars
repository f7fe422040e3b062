# Given by each release: image_digest, relay_artifact.

environment = "prod"

cpu       = 512
memory_mb = 1024
min_tasks = 3 # one for each zone
max_tasks = 12

service_deployment_config = "CodeDeployDefault.ECSCanary10Percent5Minutes"
blue_minutes              = 30

function_deployment_config = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
log_retention_days         = 90
deletion_protection        = true

relay_reserved_concurrency = 10 # a new account has to raise its quota first
