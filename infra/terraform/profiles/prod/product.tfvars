# Given by each release: image_digest.

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
