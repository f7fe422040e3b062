# Offline tests with a mocked provider. Rules for all root modules are in `cargo checks`.

mock_provider "aws" {
  source = "../../testing"
}

variables {
  environment               = "test"
  log_retention_days        = 30
  deletion_protection       = true
  image_digest              = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
  cpu                       = 512
  memory_mb                 = 1024
  min_tasks                 = 2
  max_tasks                 = 4
  service_deployment_config = "CodeDeployDefault.ECSCanary10Percent5Minutes"
  blue_minutes              = 10
  database_instance_class   = "db.t4g.medium"
  database_storage_gb       = 20
  database_multi_az         = true
  database_memory_alarm_mb  = 512
  database_backup_days      = 7
}

run "the_database_accepts_only_tls_from_its_clients" {
  command = apply

  assert {
    condition     = contains([for parameter in aws_db_parameter_group.this.parameter : "${parameter.name}=${parameter.value}"], "rds.force_ssl=1")
    error_message = "The database must require TLS."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.database.referenced_security_group_id == "sg-0a000000000000002"
    error_message = "Only tasks in the security group database_client may reach the database."
  }

  assert {
    condition     = aws_db_instance.this.manage_master_user_password == true
    error_message = "RDS must manage the master password."
  }

  assert {
    condition     = aws_db_instance.this.backup_retention_period == var.database_backup_days && aws_db_instance.this.multi_az == var.database_multi_az
    error_message = "Backups and standby must match the profile."
  }
}
