# The first apply also needs image_digest: DEPLOYMENT.md.

environment = "prod"

cpu       = 512
memory_mb = 1024
min_tasks = 3 # one for each zone
max_tasks = 12

service_deployment_config = "CodeDeployDefault.ECSCanary10Percent5Minutes"
blue_minutes              = 30

# 12 tasks, and 12 more during a release, open 20 connections each: what PostgreSQL allows follows the memory.
database_instance_class  = "db.m7g.large"
database_storage_gb      = 100
database_multi_az        = true
database_memory_alarm_mb = 512
database_backup_days     = 14

log_retention_days  = 90
deletion_protection = true

# Traces in X-Ray, by the AWS Distro for OpenTelemetry beside each task (about 60 MB of memory, and X-Ray's price per
# trace). The digest of a release is yours to look up; none is known here:
#   docker buildx imagetools inspect public.ecr.aws/aws-observability/aws-otel-collector:v0.43.3
# collector = { image = "public.ecr.aws/aws-observability/aws-otel-collector@sha256:…" }

# The authorities that sign RDS's certificates: product believes no other database. Fetch them once for your Region, from
# https://truststore.pki.rds.amazonaws.com/eu-central-1/eu-central-1-bundle.pem, and put them here, all of them.
# database_authorities = <<-PEM
# PEM
