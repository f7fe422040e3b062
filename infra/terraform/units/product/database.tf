# PostgreSQL of product: private, encrypted, TLS only, and reachable only by product's tasks.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  database_name = "${local.name_prefix}-product"
}

resource "aws_security_group" "database" {
  name        = "${local.database_name}-database"
  description = "The database of product"
  vpc_id      = local.platform.vpc_id

  # Terraform removes the default rule for outbound traffic without a replacement: a database opens no connections.
  tags = { Name = "${local.database_name}-database" }
}

resource "aws_vpc_security_group_ingress_rule" "database" {
  security_group_id            = aws_security_group.database.id
  description                  = "From tasks that connect to a database"
  referenced_security_group_id = local.platform.database_client_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_db_parameter_group" "this" {
  name        = "${local.database_name}-18"
  description = "PostgreSQL 18 for product"
  family      = "postgres18"

  # Rejects connections without TLS.
  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  # Threshold for logging slow statements, in milliseconds. Parameter values are not logged, as they may be customer data.
  parameter {
    name  = "log_min_duration_statement"
    value = "500"
  }
  parameter {
    name  = "log_parameter_max_length"
    value = "0"
  }
  parameter {
    name  = "log_lock_waits"
    value = "1"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_log_group" "database" {
  # checkov:skip=CKV_AWS_338: retention is set by the profile; slow statements have no use after a year
  for_each = toset(["postgresql", "upgrade"])

  name              = "/aws/rds/instance/${local.database_name}/${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = local.platform.kms_data_key_arn
}

resource "aws_db_instance" "this" {
  # checkov:skip=CKV_AWS_118: Performance Insights shows waits; these metrics would go to a log group without the platform's key and retention
  identifier     = local.database_name
  engine         = "postgres"
  engine_version = "18"
  instance_class = var.database_instance_class
  db_name        = "product"
  port           = 5432

  db_subnet_group_name   = local.platform.database_subnet_group
  vpc_security_group_ids = [aws_security_group.database.id]
  publicly_accessible    = false
  multi_az               = var.database_multi_az
  ca_cert_identifier     = "rds-ca-rsa2048-g1"
  parameter_group_name   = aws_db_parameter_group.this.name

  storage_type          = "gp3"
  allocated_storage     = var.database_storage_gb
  max_allocated_storage = 4 * var.database_storage_gb
  storage_encrypted     = true
  kms_key_id            = local.platform.kms_data_key_arn

  # RDS creates the master password, rotates it and stores it in Secrets Manager, so no state contains it. It is for
  # operators. product has its own database role.
  username                            = "shop_master"
  manage_master_user_password         = true
  master_user_secret_kms_key_id       = local.platform.kms_data_key_arn
  iam_database_authentication_enabled = true # for product, and optionally for operators

  backup_retention_period    = var.database_backup_days
  backup_window              = "01:30-02:30"
  maintenance_window         = "sun:03:00-sun:04:00"
  copy_tags_to_snapshot      = true
  delete_automated_backups   = !var.deletion_protection
  deletion_protection        = var.deletion_protection
  skip_final_snapshot        = !var.deletion_protection
  final_snapshot_identifier  = var.deletion_protection ? "${local.database_name}-final" : null
  auto_minor_version_upgrade = true
  apply_immediately          = false

  performance_insights_enabled          = true
  performance_insights_kms_key_id       = local.platform.kms_data_key_arn
  performance_insights_retention_period = 7
  enabled_cloudwatch_logs_exports       = ["postgresql", "upgrade"]

  # Otherwise RDS would create the log groups without retention and key.
  depends_on = [aws_cloudwatch_log_group.database]
}

# Database URL of product: `postgres://product@<endpoint>/product?sslmode=verify-full`, without a password. product signs
# in by IAM, with a token of its task role that it renews every ten minutes. No secret has to be rotated, and none expires
# in a long-running task. Once, sign in manually as the master user from inside the VPC:
#   create role product login; grant rds_iam to product; alter database product owner to product;
# and set the URL, without which no task starts:
#   aws secretsmanager put-secret-value --secret-id shop-<environment>-product-database-url --secret-string …
resource "aws_secretsmanager_secret" "database_url" {
  # checkov:skip=CKV2_AWS_57: it contains no password, except on an emulator, where the password needs no protection
  name                    = "${local.name_prefix}-product-database-url"
  description             = "URL of product's database"
  kms_key_id              = local.platform.kms_data_key_arn
  recovery_window_in_days = var.deletion_protection ? 30 : 7
}

locals {
  # The name contains the id of the database, so that a successor with the same name is distinguished.
  database_user_arn = join(":", [
    "arn", data.aws_partition.current.partition, "rds-db", var.region, data.aws_caller_identity.current.account_id,
    "dbuser", "${aws_db_instance.this.resource_id}/product",
  ])

  # Without the CA certificates of RDS, `sslmode=verify-full` rejects every server, and no task starts.
  database_environment = merge(
    { DATABASE_IAM = tostring(!var.emulator) },
    var.database_authorities == null ? {} : { PGSSLROOTCERT = trimspace(var.database_authorities) },
  )

  database_alarms = {
    database-cpu = {
      description = "CPU of product's database is high."
      metric      = "CPUUtilization", statistic = "Average", comparison = "GreaterThanThreshold", threshold = 80, periods = 10
    }
    database-storage = {
      description = "Less than a tenth of the database's initial storage is free, although storage should have grown automatically."
      metric      = "FreeStorageSpace", statistic = "Minimum", comparison = "LessThanThreshold", threshold = var.database_storage_gb * 1024 * 1024 * 1024 / 10, periods = 3
    }
    database-memory = {
      description = "product's database has less than ${var.database_memory_alarm_mb} MiB of free memory."
      metric      = "FreeableMemory", statistic = "Minimum", comparison = "LessThanThreshold", threshold = var.database_memory_alarm_mb * 1024 * 1024, periods = 5
    }
    database-connections = {
      description = "More connections than the maximum number of tasks opens, 28 each."
      metric      = "DatabaseConnections", statistic = "Maximum", comparison = "GreaterThanThreshold", threshold = 28 * 2 * var.max_tasks, periods = 3
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "database" {
  for_each = local.database_alarms

  alarm_name          = "${local.database_name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = "AWS/RDS"
  metric_name         = each.value.metric
  dimensions          = { DBInstanceIdentifier = aws_db_instance.this.identifier }
  statistic           = each.value.statistic
  period              = 60
  evaluation_periods  = each.value.periods
  threshold           = each.value.threshold
  comparison_operator = each.value.comparison
  treat_missing_data  = "breaching" # a healthy database always publishes metrics
  alarm_actions       = [local.platform.alarm_topic_arn]
  ok_actions          = [local.platform.alarm_topic_arn]
}
