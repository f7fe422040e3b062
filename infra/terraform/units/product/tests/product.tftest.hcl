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

run "messages_are_rejected_to_the_dead_letter_queues" {
  command = apply

  assert {
    condition = [
      for statement in jsondecode(output.role_policies.product).Statement : sort(statement.Resource) if statement.Sid == "RejectMessages"
    ] == [sort([module.inbox.dead_letter_arn, module.reservations.dead_letter_arn])]
    error_message = "The service must be able to write its dead-letter queues."
  }
}

run "every_queue_of_the_topology_is_created_and_read" {
  command = apply

  assert {
    condition     = sort([for queue in [module.inbox, module.reservations] : queue.name]) == sort([for name in keys(local.queues) : "${local.name_prefix}-${name}"])
    error_message = "The queues must be those whose consumer is product."
  }

  assert {
    condition = [
      for statement in jsondecode(output.role_policies.product).Statement : sort(statement.Resource) if statement.Sid == "ReadQueues"
    ] == [sort([module.inbox.arn, module.reservations.arn])]
    error_message = "The service must be able to read its queues."
  }
}

# Alarms are based on the text of a log line: a message or field that is renamed would silence them.
run "metric_filters_match_what_the_service_logs" {
  command = apply

  assert {
    condition = alltrue([
      for filter in aws_cloudwatch_log_metric_filter.backlog :
      strcontains(filter.pattern, "$.target = \"product::events::sweep\"") &&
      strcontains(file("../../../../services/product/src/events/sweep.rs"), "\"${regex("message = \"([a-z ]+)\"", filter.pattern)[0]}\"")
    ])
    error_message = "The sweep does not log the message."
  }

  assert {
    condition = alltrue([
      for filter in aws_cloudwatch_log_metric_filter.backlog :
      can(regex("info!\\([^;]*\\b${trimprefix(filter.metric_transformation[0].value, "$.")}\\b[^;]*\"swept\"", file("../../../../services/product/src/events/sweep.rs")))
    ])
    error_message = "The sweep does not log one of the fields."
  }
}

run "silence_of_the_sweep_raises_an_alarm" {
  command = apply

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.backlog : alarm.treat_missing_data == "breaching"])
    error_message = "Without the log line, nothing is known."
  }
}
