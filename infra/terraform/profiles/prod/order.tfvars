# The first apply also requires image_digest: see DEPLOYMENT.md.

environment = "prod"

cpu       = 512
memory_mb = 1024
min_tasks = 3 # one per zone
max_tasks = 12

service_deployment_config = "CodeDeployDefault.ECSCanary10Percent5Minutes"
blue_minutes              = 30

function_deployment_config = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
log_retention_days         = 90
deletion_protection        = true

# Traces in X-Ray by a sidecar, AWS Distro for OpenTelemetry (about 60 MB of memory, and X-Ray's price per trace). Look up
# the digest of a release:
#   docker buildx imagetools inspect public.ecr.aws/aws-observability/aws-otel-collector:v0.43.3
# collector = { image = "public.ecr.aws/aws-observability/aws-otel-collector@sha256:…" }
