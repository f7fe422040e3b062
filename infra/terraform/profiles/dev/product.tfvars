# The first apply also needs image_digest: DEPLOYMENT.md.

environment = "dev"

cpu       = 256
memory_mb = 512
min_tasks = 1
max_tasks = 2

# All at once, and the old tasks go at once: nobody is hurt by a bad version.
service_deployment_config = "CodeDeployDefault.ECSAllAtOnce"
blue_minutes              = 0

database_instance_class  = "db.t4g.micro"
database_storage_gb      = 20
database_multi_az        = false
database_memory_alarm_mb = 64
database_backup_days     = 1

log_retention_days  = 7
deletion_protection = false

# Traces in X-Ray, by the AWS Distro for OpenTelemetry beside each task (about 60 MB of memory, and X-Ray's price per
# trace). The digest of a release is yours to look up; none is known here:
#   docker buildx imagetools inspect public.ecr.aws/aws-observability/aws-otel-collector:v0.43.3
# collector = { image = "public.ecr.aws/aws-observability/aws-otel-collector@sha256:…" }

# The authorities that sign RDS's certificates: product believes no other database. Fetch them once for your Region, from
# https://truststore.pki.rds.amazonaws.com/eu-central-1/eu-central-1-bundle.pem, and put them here, all of them.
# database_authorities = <<-PEM
# PEM
