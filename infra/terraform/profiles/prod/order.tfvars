# The first apply also needs image_digest: DEPLOYMENT.md.

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

# Traces in X-Ray, by the AWS Distro for OpenTelemetry beside each task (about 60 MB of memory, and X-Ray's price per
# trace). The digest of a release is yours to look up; none is known here:
#   docker buildx imagetools inspect public.ecr.aws/aws-observability/aws-otel-collector:v0.43.3
# collector = { image = "public.ecr.aws/aws-observability/aws-otel-collector@sha256:…" }
