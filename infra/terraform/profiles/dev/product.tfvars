# The first apply also requires image_digest: see DEPLOYMENT.md.

environment = "dev"

cpu       = 256
memory_mb = 512
min_tasks = 1
max_tasks = 2

# Traffic moves at once and old tasks stop at once, as a faulty version harms no customers in dev.
service_deployment_config = "CodeDeployDefault.ECSAllAtOnce"
blue_minutes              = 0

database_instance_class  = "db.t4g.micro"
database_storage_gb      = 20
database_multi_az        = false
database_memory_alarm_mb = 64
database_backup_days     = 1

log_retention_days  = 7
deletion_protection = false

# Traces in X-Ray by a sidecar, AWS Distro for OpenTelemetry (about 60 MB of memory, and X-Ray's price per trace). Look up
# the digest of a release:
#   docker buildx imagetools inspect public.ecr.aws/aws-observability/aws-otel-collector:v0.43.3
# collector = { image = "public.ecr.aws/aws-observability/aws-otel-collector@sha256:…" }

# CA certificates of RDS, the only ones that product trusts for its database. Download the bundle of your Region from
# https://truststore.pki.rds.amazonaws.com/eu-central-1/eu-central-1-bundle.pem and insert all of it here.
# database_authorities = <<-PEM
# PEM
