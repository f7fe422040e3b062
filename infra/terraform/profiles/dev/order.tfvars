# The first apply also requires image_digest: see DEPLOYMENT.md.

environment = "dev"

cpu       = 256
memory_mb = 512
min_tasks = 1
max_tasks = 2

# Traffic moves at once and old tasks stop at once, as a faulty version harms no customers in dev.
service_deployment_config = "CodeDeployDefault.ECSAllAtOnce"
blue_minutes              = 0

function_deployment_config = "CodeDeployDefault.LambdaAllAtOnce"
log_retention_days         = 7
deletion_protection        = false

# Traces in X-Ray by a sidecar, AWS Distro for OpenTelemetry (about 60 MB of memory, and X-Ray's price per trace). Look up
# the digest of a release:
#   docker buildx imagetools inspect public.ecr.aws/aws-observability/aws-otel-collector:v0.43.3
# collector = { image = "public.ecr.aws/aws-observability/aws-otel-collector@sha256:…" }
