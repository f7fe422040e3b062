# Offline: the provider is a mock, and what the platform would say is given here.

mock_provider "aws" {
  source = "../../testing"
}

override_data {
  target = data.aws_ssm_parameter.platform["alarm_topic_arn"]
  values = { insecure_value = "arn:aws:sns:eu-central-1:111122223333:shop-test-alarms" }
}

override_data {
  target = data.aws_ssm_parameter.platform["artifacts_bucket"]
  values = { insecure_value = "shop-test-artifacts" }
}

override_data {
  target = data.aws_ssm_parameter.platform["kms_data_key_arn"]
  values = { insecure_value = "arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-4000-8000-000000000000" }
}

override_data {
  target = data.aws_ssm_parameter.platform["topic_arn_order-events"]
  values = { insecure_value = "arn:aws:sns:eu-central-1:111122223333:shop-test-order-events" }
}

override_data {
  target = data.aws_ssm_parameter.platform["topic_arn_user-events"]
  values = { insecure_value = "arn:aws:sns:eu-central-1:111122223333:shop-test-user-events" }
}

variables {
  environment                = "test"
  log_retention_days         = 30
  deletion_protection        = true
  artifact                   = { key = "notification.zip", version = "v1" }
  function_deployment_config = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
  mail_domain                = "shop.example"
  mail_from                  = "Shop <orders@shop.example>"
  storefront_url             = "https://shop.example"
}

run "roles_name_actions_and_resources" {
  command = apply

  assert {
    condition = alltrue(flatten([for policy in values(output.role_policies) : [
      for statement in jsondecode(policy).Statement : [for action in statement.Action : !strcontains(action, "*")]
    ]]))
    error_message = "An action is a wildcard."
  }

  assert {
    # Those for which AWS has no resource to name, each explained where it stands.
    condition = alltrue(flatten([for policy in values(output.role_policies) : [
      for statement in jsondecode(policy).Statement : !contains(statement.Resource, "*") || contains(["AskSes", "SendTraces"], statement.Sid)
    ]]))
    error_message = "A resource is a wildcard."
  }

  assert {
    # Parts of a name that AWS chooses: a log's streams, the streams of one table.
    condition = alltrue(flatten([for policy in values(output.role_policies) : [
      for statement in jsondecode(policy).Statement : [
        for resource in statement.Resource :
        resource == "*" || !strcontains(resource, "*") || endswith(resource, ":log-stream:*") || endswith(resource, "/stream/*")
      ]
    ]]))
    error_message = "A resource is named in part only."
  }

  assert {
    condition = alltrue(flatten([for policy in values(output.role_policies) : [
      for statement in jsondecode(policy).Statement : contains(keys(statement), "Condition")
      if anytrue([for action in statement.Action : startswith(action, "kms:") && !contains(["kms:GetPublicKey"], action)])
    ]]))
    error_message = "A key may be used beside the service that it is for."
  }
}

run "every_alarm_wakes_somebody" {
  command = apply

  assert {
    condition     = length(output.alarms) >= 6 && alltrue([for actions in values(output.alarms) : toset(actions) == toset(["arn:aws:sns:eu-central-1:111122223333:shop-test-alarms"])])
    error_message = "An alarm has no action."
  }
}

run "the_inbox_is_as_in_the_topology" {
  command = apply

  assert {
    condition     = module.inbox.filters == { for subscription in local.queue.subscriptions : subscription.topic => subscription.types }
    error_message = "The filters differ from the topology."
  }

  assert {
    condition     = module.inbox.name == "shop-test-${local.queue.name}" && module.inbox.dead_letter_name == "shop-test-${local.queue.name}-dlq"
    error_message = "The names differ from the topology."
  }

  assert {
    condition = (
      module.inbox.visibility_timeout_seconds == local.queue.visibility_timeout_seconds
      && module.inbox.max_receive_count == local.queue.max_receive_count
      && module.inbox.dead_letter_retention_seconds == 1209600
    )
    error_message = "The queue's numbers differ from the topology, or dead letters are not kept for 14 days."
  }
}

run "the_function_leaves_the_queue_six_times_its_own_time" {
  command = apply

  assert {
    condition     = module.inbox.visibility_timeout_seconds >= 6 * module.function.shape.timeout_seconds
    error_message = "A message would be delivered again while it is still being handled."
  }
}

run "the_table_is_as_in_the_topology" {
  command = apply

  assert {
    condition     = module.table.name == "shop-test-${local.table.name}" && module.table.shape.stream == (local.table.topic != null)
    error_message = "Name or stream differ from the topology."
  }

  assert {
    condition     = { for index in module.table.shape.indexes : index.name => index } == { for index in local.table.indexes : index.name => index }
    error_message = "The indexes differ from the topology."
  }
}

run "the_function_is_as_in_the_topology" {
  command = apply

  assert {
    condition     = module.function.shape.memory_mb == local.function.memory_mb && module.function.shape.timeout_seconds == local.function.timeout_seconds
    error_message = "Memory or timeout differ from the topology."
  }

  assert {
    condition = (
      module.function.shape.trigger.kind == "queue"
      && module.function.shape.trigger.batch_size == local.function.trigger.batch_size
      && module.function.shape.trigger.maximum_concurrency == local.function.trigger.maximum_concurrency
    )
    error_message = "What invokes the function differs from the topology."
  }

  assert {
    condition     = alltrue([for name in keys(module.function.shape.environment) : strcontains(file("../../../../services/notification/README.md"), "`${name}`")])
    error_message = "The function is told a setting that its README does not list."
  }

  assert {
    condition     = length(setsubtract(["NOTIFICATION_TABLE", "MAIL_FROM", "STOREFRONT_URL"], keys(module.function.shape.environment))) == 0
    error_message = "The function is not told a setting without which it does not start."
  }
}

run "mails_are_sent_by_one_sender" {
  command = apply

  assert {
    condition = [for statement in jsondecode(output.role_policies["notification"]).Statement : statement.Condition.StringEquals if contains(statement.Action, "ses:SendEmail")] == [
      { "ses:FromAddress" = ["orders@shop.example"] },
    ]
    error_message = "The function may send in somebody else's name."
  }
}

run "a_sender_of_another_domain_is_refused" {
  command = plan

  variables {
    mail_from = "Shop <orders@elsewhere.example>"
  }

  expect_failures = [var.mail_from]
}
