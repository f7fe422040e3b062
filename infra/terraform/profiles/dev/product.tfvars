# Given by each release: image_digest.

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
