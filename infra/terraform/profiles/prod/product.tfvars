# The first apply also requires image_digest: see DEPLOYMENT.md.

environment = "prod"

cpu       = 512
memory_mb = 1024
min_tasks = 3 # one per zone
max_tasks = 12

service_deployment_config = "CodeDeployDefault.ECSCanary10Percent5Minutes"
blue_minutes              = 30

# 12 tasks, and 12 more during a release, open 20 connections each. PostgreSQL's limit depends on the memory.
database_instance_class  = "db.m7g.large"
database_storage_gb      = 100
database_multi_az        = true
database_memory_alarm_mb = 512
database_backup_days     = 14

log_retention_days  = 90
deletion_protection = true

# Traces in X-Ray by a sidecar, AWS Distro for OpenTelemetry (about 60 MB of memory, and X-Ray's price per trace). Look up
# the digest of a release:
#   docker buildx imagetools inspect public.ecr.aws/aws-observability/aws-otel-collector:v0.43.3
# collector = { image = "public.ecr.aws/aws-observability/aws-otel-collector@sha256:…" }

# CA certificates of RDS, the only ones that product trusts for its database. Download the bundle of your Region from
# https://truststore.pki.rds.amazonaws.com/eu-central-1/eu-central-1-bundle.pem and insert all of it here.
# database_authorities = <<-PEM
# PEM
